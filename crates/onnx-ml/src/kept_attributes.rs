//! Reads the lists of an ONNX attribute value by value from the encoded message.
//!
//! The lists of a large forest take several times as much memory when they are decoded.
//!
//! <https://protobuf.dev/programming-guides/encoding/>, and `AttributeProto` in
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>

use std::borrow::Cow;

use prost::Message;
use tract_onnx::pb::{AttributeProto, NodeProto};
use tract_onnx::tract_hir::internal::*;

/// The wire type of a field with a length.
const LENGTH: u64 = 2;

/// An attribute as an encoded message.
#[derive(Debug)]
pub struct KeptAttribute<'a>(Cow<'a, [u8]>);

impl<'a> KeptAttribute<'a> {
    /// Makes an attribute that keeps its message encoded: [`KeptAttribute::of`] reads it.
    pub fn keep(name: String, message: Vec<u8>) -> AttributeProto {
        AttributeProto { name, s: message, ..AttributeProto::default() }
    }

    /// The attribute with this name, whether it was kept or decoded. It has no elements if the node does not
    /// have it.
    pub fn of(node: &'a NodeProto, name: &str) -> Self {
        let attribute = node.attribute.iter().find(|attribute| attribute.name == name);
        Self(match attribute {
            None => Cow::default(),
            Some(attribute) if attribute.s.is_empty() => attribute.encode_to_vec().into(),
            Some(kept) => Cow::from(&kept.s),
        })
    }

    /// The list with elements of this type.
    pub fn list<T: Element<'a>>(&'a self) -> List<'a, T> {
        List { message: &self.0, packed: &[], element: std::marker::PhantomData }
    }
}

/// The element type of a list.
pub trait Element<'a>: Sized {
    /// The number of the list's field.
    const FIELD: u64;
    /// The wire type of an element.
    const WIRE_TYPE: u64;

    /// Takes an element from the front.
    fn take(bytes: &mut &'a [u8]) -> Option<Self>;
}

impl Element<'_> for f32 {
    const FIELD: u64 = 7;
    const WIRE_TYPE: u64 = 5;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        bytes.split_off(..4)?.try_into().ok().map(Self::from_le_bytes)
    }
}

impl Element<'_> for i64 {
    const FIELD: u64 = 8;
    const WIRE_TYPE: u64 = 0;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        varint(bytes).map(u64::cast_signed)
    }
}

impl<'a> Element<'a> for &'a [u8] {
    const FIELD: u64 = 9;
    const WIRE_TYPE: u64 = LENGTH;

    #[inline]
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let length = usize::try_from(varint(bytes)?).ok()?;
        bytes.split_off(..length)
    }
}

/// The bytes are not a message.
struct Malformed;

/// The elements of a list that are not read yet.
#[derive(Debug, Clone)]
pub struct List<'a, T> {
    message: &'a [u8],
    /// Elements without keys.
    packed: &'a [u8],
    element: std::marker::PhantomData<T>,
}

impl<'a, T: Element<'a>> List<'a, T> {
    /// Whether no elements are left.
    pub fn is_empty(&self) -> bool {
        Self { ..*self }.next().is_none()
    }

    fn take(&mut self) -> Result<Option<T>, Malformed> {
        while self.packed.is_empty() {
            if self.message.is_empty() {
                return Ok(None);
            }
            let key = varint(&mut self.message).ok_or(Malformed)?;
            if key == T::FIELD << 3 | T::WIRE_TYPE {
                return T::take(&mut self.message).map(Some).ok_or(Malformed);
            }
            let skipped = match key & 7 {
                0 => varint(&mut self.message).map(|_| &[][..]),
                1 => self.message.split_off(..8),
                LENGTH => <&[u8]>::take(&mut self.message),
                5 => self.message.split_off(..4),
                _ => None,
            };
            self.packed = skipped.filter(|_| key == T::FIELD << 3 | LENGTH).unwrap_or_default();
            skipped.ok_or(Malformed)?;
        }
        T::take(&mut self.packed).map(Some).ok_or(Malformed)
    }
}

impl<'a, T: Element<'a>> Iterator for List<'a, T> {
    type Item = TractResult<T>;

    /// The next element. If the bytes are malformed, it is an error, and the list ends.
    #[inline]
    fn next(&mut self) -> Option<TractResult<T>> {
        self.take().transpose().map(|element| {
            element.map_err(|Malformed| {
                (self.message, self.packed) = (&[], &[]);
                format_err!("malformed protocol buffers")
            })
        })
    }
}

/// Takes a number of variable length from the front of `bytes`.
#[inline]
pub fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = *bytes.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(attribute: AttributeProto) -> NodeProto {
        NodeProto { attribute: vec![attribute], ..NodeProto::default() }
    }

    /// A message may have lists in either form, in any order, and unknown fields.
    #[test]
    fn elements_come_with_a_key_each_or_packed() {
        let message = [
            &[1 << 3 | 2, 1, b'a'][..],                                         // name
            &[8 << 3, 5],                                                       // an int
            &[7 << 3 | 5, 0, 0, 128, 63],                                       // a float: 1.0
            &[8 << 3 | 2, 0, 8 << 3 | 2, 3], // no ints, then three bytes with
            &[7, 0xac, 0x02],                // 7 and 300
            &[20 << 3 & 0x7f | 0x80, 1, 7],  // type
            &[9 << 3 | 2, 2, b'x', b'y'],    // a string
            &[7 << 3 | 2, 4, 0, 0, 0, 192],  // packed floats: -2.0
            &[12 << 3 | 1, 0, 0, 0, 0, 0, 0, 0, 0], // eight bytes
            &[8 << 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], // an int: -1
        ]
        .concat();
        let node = node(KeptAttribute::keep("a".to_owned(), message));
        let attribute = KeptAttribute::of(&node, "a");
        assert_eq!(attribute.list::<i64>().collect::<TractResult<Vec<_>>>().unwrap(), [5, 7, 300, -1]);
        assert_eq!(attribute.list::<f32>().collect::<TractResult<Vec<_>>>().unwrap(), [1.0, -2.0]);
        assert_eq!(attribute.list::<&[u8]>().collect::<TractResult<Vec<_>>>().unwrap(), [b"xy"]);
        assert!(KeptAttribute::of(&node, "b").list::<i64>().is_empty());
    }

    #[test]
    fn an_attribute_that_was_decoded_has_the_same_lists() {
        let (ints, floats) = (vec![3, -4, i64::MIN], vec![0.5, f32::INFINITY]);
        let strings = vec![b"x".to_vec(), Vec::new()];
        let name = "a".to_owned();
        let decoded = AttributeProto { name, ints, floats, strings, ..AttributeProto::default() };
        let node = node(decoded.clone());
        let attribute = KeptAttribute::of(&node, "a");
        assert_eq!(attribute.list().collect::<TractResult<Vec<i64>>>().unwrap(), decoded.ints);
        assert_eq!(attribute.list().collect::<TractResult<Vec<f32>>>().unwrap(), decoded.floats);
        assert_eq!(attribute.list().collect::<TractResult<Vec<&[u8]>>>().unwrap(), decoded.strings);
    }

    #[test]
    fn a_message_that_is_cut_off_gives_an_error_and_then_ends() {
        let cut: [&[u8]; 6] = [
            &[8 << 3],
            &[8 << 3, 0x80],
            &[8 << 3 | 2, 2, 1],
            &[7 << 3 | 2, 3, 0, 0, 0],
            &[1 << 3 | 3],
            &[0xff; 11],
        ];
        for message in cut {
            let node = node(KeptAttribute::keep("a".to_owned(), message.to_vec()));
            let attribute = KeptAttribute::of(&node, "a");
            let ints: Vec<_> = attribute.list::<i64>().map(|x| x.is_ok()).collect();
            let floats: Vec<_> = attribute.list::<f32>().map(|x| x.is_ok()).collect();
            let failed = |found: &[bool]| found.iter().filter(|ok| !**ok).count();
            assert!(failed(&ints) <= 1 && failed(&floats) <= 1, "{message:?}");
            assert!(ints.last() == Some(&false) || floats == [false], "{message:?}");
        }
    }
}
