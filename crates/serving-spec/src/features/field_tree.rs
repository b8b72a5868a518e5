//! Finds the wanted fields in a JSON document, in one pass and without building the document.
//!
//! The paths of the fields form a tree. A document is parsed along that tree: wanted fields are borrowed as
//! JSON text, and everything else is skipped.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::field_path::FieldPath;
use crate::json_type::JsonType;
use crate::rejected::Rejected;

/// The wanted fields. Each has a slot: its index in the slice that [`FieldTree::extract`] fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTree {
    count: usize,
    root: Node,
}

/// A node of the tree. The tokens of a path lead to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    slot: Option<usize>,
    children: BTreeMap<String, Node>,
    /// The slots of this node and of all nodes below it.
    slots: Vec<usize>,
}

impl FieldTree {
    /// Makes a tree of fields. Slots are numbered in the order of `wanted`, and equal fields share one slot.
    #[must_use]
    pub fn new(wanted: impl IntoIterator<Item = FieldPath>) -> Self {
        let mut tree = Self { count: 0, root: Node::default() };
        for path in wanted {
            if tree.slot(&path).is_some() {
                continue;
            }
            let slot = tree.count;
            let mut node = &mut tree.root;
            for token in path.tokens() {
                node.slots.push(slot);
                node = node.children.entry(token.clone()).or_default();
            }
            node.slots.push(slot);
            node.slot = Some(slot);
            tree.count += 1;
        }
        tree
    }

    /// Returns the slot of a field. A name and a pointer to the same member have the same slot.
    #[must_use]
    pub fn slot(&self, path: &FieldPath) -> Option<usize> {
        let node = path.tokens().iter().try_fold(&self.root, |node, token| node.children.get(token))?;
        node.slot
    }

    /// Returns the number of slots.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Fills `slots` with the JSON texts of the wanted fields. A field that the document lacks is `None`. If
    /// a name occurs twice in an object, the last member counts, as in Python's `json`.
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
        deserializer.deserialize_map(Branch { node: &self.root, slots }).map_err(malformed)?;
        deserializer.end().map_err(malformed)
    }
}

/// Parses one value along a node of the tree.
struct Branch<'n, 's, 'a> {
    node: &'n Node,
    slots: &'s mut [Option<&'a str>],
}

impl<'a> Branch<'_, '_, 'a> {
    /// Stores a value that is wanted, or that contains a wanted field.
    fn take(self, json: &'a str) {
        for &slot in &self.node.slots {
            self.slots[slot] = None;
        }
        if let Some(slot) = self.node.slot {
            self.slots[slot] = Some(json);
        }
        let mut inner = serde_json::Deserializer::from_str(json);
        // The value was parsed once already, so this cannot fail. A scalar contains no fields.
        let _ = match JsonType::of(json) {
            JsonType::Object if !self.node.children.is_empty() => inner.deserialize_map(self),
            JsonType::Array if !self.node.children.is_empty() => inner.deserialize_seq(self),
            _ => Ok(()),
        };
    }
}

impl<'a> Visitor<'a> for Branch<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Member(self.node))? {
            match child {
                Some(node) => {
                    Branch { node, slots: &mut *self.slots }.take(map.next_value::<&RawValue>()?.get());
                }
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        let mut token = itoa::Buffer::new();
        while let Some(element) = seq.next_element::<&RawValue>()? {
            // The token of an element is its index, without leading zeros (RFC 6901, section 4).
            if let Some(node) = self.node.children.get(token.format(index)) {
                Branch { node, slots: &mut *self.slots }.take(element.get());
            }
            index += 1;
        }
        Ok(())
    }
}

/// Finds the node for a member's name, without allocating the name.
struct Member<'n>(&'n Node);

impl<'a, 'n> DeserializeSeed<'a> for Member<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // As bytes: a name may contain a lone surrogate, which is JSON but not a string.
        deserializer.deserialize_bytes(self)
    }
}

impl<'n> Visitor<'_> for Member<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(std::str::from_utf8(name).ok().and_then(|name| self.0.children.get(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wanted fields, and the order in which a test names them.
    struct Wanted(FieldTree, Vec<FieldPath>);

    fn fields(paths: &[&str]) -> Wanted {
        let paths: Vec<_> = paths.iter().map(|path| FieldPath::parse(path).unwrap()).collect();
        Wanted(FieldTree::new(paths.clone()), paths)
    }

    fn extract<'a>(
        Wanted(fields, paths): &Wanted,
        document: &'a str,
    ) -> Result<Vec<Option<&'a str>>, Rejected> {
        let mut slots = vec![None; fields.count()];
        fields.extract(document.as_bytes(), &mut slots)?;
        Ok(paths.iter().map(|path| slots[fields.slot(path).unwrap()]).collect())
    }

    #[test]
    fn wanted_fields_are_json_texts_wherever_they_stand() {
        let fields = fields(&["/ride/from", "/ride/to", "id"]);
        let document =
            r#" {"noise": {"id": [1, {}]}, "ride": {"to": "B\u0031", "x": 1, "from": 130.0}, "id": null} "#;
        assert_eq!(extract(&fields, document).unwrap(), [Some("130.0"), Some(r#""B\u0031""#), Some("null")]);
    }

    #[test]
    fn a_field_that_the_document_lacks_is_none() {
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
        assert_eq!(fields.0.count(), 2, "the name and the pointer are one field");
        let whole = Some(r#"{"from": 1}"#);
        assert_eq!(extract(&fields, r#"{"ride": {"from": 1}}"#).unwrap(), [Some("1"), whole, whole]);
    }

    #[test]
    fn the_last_of_two_members_with_one_name_counts() {
        let fields = fields(&["/ride/from"]);
        assert_eq!(extract(&fields, r#"{"ride": {"from": 1}, "ride": {"from": 2}}"#).unwrap(), [Some("2")]);
        assert_eq!(extract(&fields, r#"{"ride": {"from": 1}, "ride": {}}"#).unwrap(), [None]);
    }

    #[test]
    fn a_document_that_is_not_a_json_object_is_rejected_with_the_place() {
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
        assert_eq!(fields.0.extract(b"{\"id\": \"\xff\"}", &mut slots), Err(Rejected::NotUtf8(8)));
    }

    #[test]
    fn a_value_of_another_type_only_lacks_the_wanted_field() {
        let fields = fields(&["/ride/from", "id"]);
        for ride in ["1e400", "null", "true", "\"x\"", "[1]", "{\"\\ud800\": 1}"] {
            let document = format!(r#"{{"ride": {ride}, "\ud800": 2, "id": 1}}"#);
            assert_eq!(extract(&fields, &document).unwrap(), [None, Some("1")], "{document}");
        }
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
