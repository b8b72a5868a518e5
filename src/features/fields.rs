//! Picks the wanted fields out of a JSON document, in one pass and without building it.
//!
//! The fields of a plan form a tree by their paths. A document is parsed along that tree: what is wanted is
//! borrowed as JSON text, all the rest is only skipped.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{JsonType, Rejected};
use crate::spec::FieldPath;

/// The wanted fields. Each has a slot: its index in what [`Fields::extract`] fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    paths: Vec<FieldPath>,
    root: Node,
}

/// A point of the tree, reached by the tokens above it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    slot: Option<usize>,
    children: Vec<(String, Node)>,
    /// The slots from here down: numbered depth first, they are a range.
    slots: Range<usize>,
}

impl Fields {
    /// A tree of the given fields; equal ones share a slot.
    #[must_use]
    pub fn new(wanted: impl IntoIterator<Item = FieldPath>) -> Self {
        let mut root = Node::default();
        let mut texts: Vec<FieldPath> = Vec::new();
        for path in wanted {
            let mut node = &mut root;
            for token in path.tokens() {
                let at = node.children.iter().position(|(name, _)| name == token).unwrap_or_else(|| {
                    node.children.push((token.clone(), Node::default()));
                    node.children.len() - 1
                });
                node = &mut node.children[at].1;
            }
            if node.slot.is_none() {
                node.slot = Some(texts.len());
                texts.push(path);
            }
        }
        let mut paths = Vec::with_capacity(texts.len());
        root.number(&texts, &mut paths);
        Self { paths, root }
    }

    /// The slot of a field that was given to [`Fields::new`], under whichever of its spellings.
    #[must_use]
    pub fn slot(&self, path: &FieldPath) -> Option<usize> {
        self.paths.iter().position(|known| known.tokens() == path.tokens())
    }

    /// The field of a slot.
    #[must_use]
    pub fn path(&self, slot: usize) -> &FieldPath {
        &self.paths[slot]
    }

    /// The number of slots.
    #[must_use]
    pub fn count(&self) -> usize {
        self.paths.len()
    }

    /// Fills `slots` with the JSON texts of the wanted fields, `None` where the document lacks one. Of members with
    /// the same name the last counts, as in Python's `json`.
    ///
    /// # Errors
    /// When the document is not one JSON object in UTF-8.
    pub fn extract<'a>(&self, document: &'a [u8], slots: &mut [Option<&'a str>]) -> Result<(), Rejected> {
        slots.fill(None);
        let text = std::str::from_utf8(document).map_err(|error| Rejected::NotUtf8(error.valid_up_to()))?;
        let malformed =
            |error: serde_json::Error| Rejected::NotJson { line: error.line(), column: error.column() };
        if !text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{') {
            serde_json::from_str::<IgnoredAny>(text).map_err(malformed)?;
            return Err(Rejected::NotAnObject);
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Branch { node: &self.root, slots }.deserialize(&mut deserializer).map_err(malformed)?;
        deserializer.end().map_err(malformed)
    }
}

impl Node {
    /// Numbers the slots depth first, so that every subtree has a range of them.
    fn number(&mut self, texts: &[FieldPath], paths: &mut Vec<FieldPath>) {
        let start = paths.len();
        if let Some(slot) = &mut self.slot {
            paths.push(texts[*slot].clone());
            *slot = paths.len() - 1;
        }
        for (_, child) in &mut self.children {
            child.number(texts, paths);
        }
        self.slots = start..paths.len();
    }

    fn child(&self, token: &str) -> Option<&Node> {
        self.children.iter().find(|(name, _)| name == token).map(|(_, node)| node)
    }

    /// An array's element: its token is the index, without leading zeros (RFC 6901, section 4).
    fn element(&self, index: usize) -> Option<&Node> {
        let is_index =
            |token: &str| token.parse() == Ok(index) && (token == "0" || !token.starts_with(['0', '+']));
        self.children.iter().find(|(token, _)| is_index(token)).map(|(_, node)| node)
    }
}

/// Parses one value along a node of the tree.
struct Branch<'n, 's, 'a> {
    node: &'n Node,
    slots: &'s mut [Option<&'a str>],
}

impl<'a> DeserializeSeed<'a> for Branch<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        self.slots[self.node.slots.clone()].fill(None);
        let Some(slot) = self.node.slot else {
            return deserializer.deserialize_any(self);
        };
        let json = <&RawValue as serde::Deserialize>::deserialize(deserializer)?.get();
        self.slots[slot] = Some(json);
        if !self.node.children.is_empty() && matches!(JsonType::of(json), JsonType::Object | JsonType::Array)
        {
            let mut inner = serde_json::Deserializer::from_str(json);
            // The text was parsed once already: it can't fail here.
            let _ = inner.deserialize_any(self);
        }
        Ok(())
    }
}

impl<'a> Visitor<'a> for Branch<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Member(self.node))? {
            match child {
                Some(node) => map.next_value_seed(Branch { node, slots: self.slots })?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let child = self.node.element(index);
            let more = match child {
                Some(node) => seq.next_element_seed(Branch { node, slots: self.slots })?.is_some(),
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Finds the node of a member's name, without allocating the name.
struct Member<'n>(&'n Node);

impl<'a, 'n> DeserializeSeed<'a> for Member<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Member<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extract<'a>(fields: &Fields, document: &'a str) -> Result<Vec<Option<&'a str>>, Rejected> {
        let mut slots = vec![None; fields.count()];
        fields.extract(document.as_bytes(), &mut slots).map(|()| slots)
    }

    fn fields(paths: &[&str]) -> Fields {
        Fields::new(paths.iter().map(|p| FieldPath::parse(p).unwrap()))
    }

    #[test]
    fn wanted_fields_come_as_json_text_wherever_they_stand() {
        let fields = fields(&["/ride/from", "/ride/to", "id"]);
        let document =
            r#" {"noise": {"id": [1, {}]}, "ride": {"to": "B\u0031", "x": 1, "from": 130.0}, "id": null} "#;
        assert_eq!(extract(&fields, document).unwrap(), [Some("130.0"), Some(r#""B\u0031""#), Some("null")]);
    }

    #[test]
    fn what_is_not_there_is_none() {
        let fields = fields(&["/ride/from", "id"]);
        assert_eq!(extract(&fields, r#"{"ride": 7}"#).unwrap(), [None, None]);
        assert_eq!(extract(&fields, r#"{"ride": {"From": 1}}"#).unwrap(), [None, None]);
        assert_eq!(extract(&fields, "{}").unwrap(), [None, None]);
    }

    #[test]
    fn pointers_reach_into_arrays_and_escaped_names() {
        let fields = fields(&["/a/1", "/m~1n", "/u"]);
        let found = extract(&fields, r#"{"a": [1, 2, 3], "m/n": true, "\u0075": 5}"#).unwrap();
        assert_eq!(found, [Some("2"), Some("true"), Some("5")]);
    }

    #[test]
    fn a_field_and_a_part_of_it_can_both_be_wanted() {
        let fields = fields(&["/ride/from", "ride", "/ride"]);
        assert_eq!(fields.count(), 2, "the name and the pointer are one field");
        let found = extract(&fields, r#"{"ride": {"from": 1}}"#).unwrap();
        let at = |path| found[fields.slot(&FieldPath::parse(path).unwrap()).unwrap()];
        assert_eq!(at("ride"), Some(r#"{"from": 1}"#));
        assert_eq!(at("/ride/from"), Some("1"));
    }

    #[test]
    fn of_equal_names_the_last_counts_whole() {
        let fields = fields(&["/ride/from"]);
        assert_eq!(extract(&fields, r#"{"ride": {"from": 1}, "ride": {"from": 2}}"#).unwrap(), [Some("2")]);
        assert_eq!(extract(&fields, r#"{"ride": {"from": 1}, "ride": {}}"#).unwrap(), [None]);
    }

    #[test]
    fn what_is_no_json_object_is_rejected_with_its_place() {
        let fields = fields(&["id"]);
        for document in [
            "",
            "{",
            "{\"id\": NaN}",
            "{\"id\": 1} x",
            "{\"x\": 01}",
            "{'id': 1}",
            "nonsense",
            "{\"id\": 1,}",
        ] {
            assert!(matches!(extract(&fields, document), Err(Rejected::NotJson { .. })), "{document}");
        }
        assert_eq!(extract(&fields, "{\n  \"id\": x}"), Err(Rejected::NotJson { line: 2, column: 9 }));
        for document in ["[]", "7", "null", "\"{}\"", " [1] "] {
            assert_eq!(extract(&fields, document), Err(Rejected::NotAnObject), "{document}");
        }
        let mut slots = [None];
        assert_eq!(fields.extract(b"{\"id\": \"\xff\"}", &mut slots), Err(Rejected::NotUtf8(8)));
    }

    #[test]
    fn deep_nesting_is_skipped_or_borrowed_without_recursion() {
        let fields = fields(&["id", "/ride/from"]);
        let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
        let skipped = format!(r#"{{"x": {deep}, "id": 1}}"#);
        assert_eq!(extract(&fields, &skipped).unwrap()[0], Some("1"));
        let wanted = format!(r#"{{"id": {deep}}}"#);
        assert_eq!(extract(&fields, &wanted).unwrap()[0], Some(deep.as_str()));
    }
}
