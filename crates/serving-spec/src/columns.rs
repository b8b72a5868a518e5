//! Typed columns of a batch: the plain values that pass between the features, the model and the result.

/// An input or an output of a model: the shape and the type of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The name in the model, for example in the ONNX graph.
    pub name: String,
    /// The type of the elements.
    pub element: Element,
    /// The number of elements per row: 1 for the shape `[N]` or `[N, 1]`, F for `[N, F]`, and 1 for an input
    /// map.
    pub width: usize,
    /// The names of the columns if rows are maps: the keys, with integers in decimal. Otherwise it is empty.
    pub keys: Vec<String>,
}

/// The element type of a row, under its ONNX name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `tensor(float)`
    Float,
    /// `tensor(double)`
    Double,
    /// `tensor(int64)`
    Int64,
    /// `tensor(int32)`
    Int32,
    /// `tensor(bool)`
    Bool,
    /// `tensor(string)`, or a map to strings with one for each key.
    String,
    /// A map to numbers.
    ///
    /// As an input, it is the map that scikit-learn's `DictVectorizer` takes. The keys are the columns of the
    /// vocabulary, and a row is sparse: it lists the columns that are not zero. As an output, it is the map
    /// that `ZipMap` gives. The keys are the classes, and a row has a value for each.
    Map(Number),
}

/// The type of the numbers in a map, under its ONNX name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// `float`
    Float,
    /// `double`
    Double,
    /// `int64`
    Int64,
}

impl Element {
    /// Returns the name of the type in ONNX.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Double => "double",
            Self::Int64 => "int64",
            Self::Int32 => "int32",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Map(_) => "map",
        }
    }
}

/// The values of one input or output for a batch, row after row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// `tensor(float)`
    Float(Vec<f32>),
    /// `tensor(double)`
    Double(Vec<f64>),
    /// `tensor(int64)`
    Int64(Vec<i64>),
    /// `tensor(int32)`
    Int32(Vec<i32>),
    /// `tensor(bool)`
    Bool(Vec<bool>),
    /// `tensor(string)`
    String(Vec<String>),
    /// Sparse rows of a vocabulary.
    Sparse(Sparse),
}

/// Rows of a wide matrix that is nearly all zeros. Every row has the same number of entries: a column and its
/// value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sparse {
    /// The index of the column, or [`Sparse::NONE`] if the entry is empty.
    pub columns: Vec<i32>,
    /// The value. In a map to `float`, a `float` can represent it exactly.
    pub values: Vec<f64>,
    /// The number of entries per row.
    pub entries: usize,
}

impl Sparse {
    /// The column of an empty entry, which stands for a category that the vocabulary lacks.
    pub const NONE: i32 = -1;

    /// Appends an entry to the current row.
    #[inline]
    pub fn push(&mut self, column: i32, value: f64) {
        self.columns.push(column);
        self.values.push(value);
    }
}

impl Values {
    /// Makes values without rows. `entries` is the number of entries per sparse row.
    #[must_use]
    pub fn empty(element: &Element, entries: usize) -> Self {
        match element {
            Element::Float => Self::Float(Vec::new()),
            Element::Double => Self::Double(Vec::new()),
            Element::Int64 => Self::Int64(Vec::new()),
            Element::Int32 => Self::Int32(Vec::new()),
            Element::Bool => Self::Bool(Vec::new()),
            Element::String => Self::String(Vec::new()),
            Element::Map(_) => Self::Sparse(Sparse { entries, ..Sparse::default() }),
        }
    }

    /// Returns the number of elements. Sparse rows count entries.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Float(v) => v.len(),
            Self::Double(v) => v.len(),
            Self::Int64(v) => v.len(),
            Self::Int32(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::String(v) => v.len(),
            Self::Sparse(s) => s.columns.len(),
        }
    }

    /// Whether there are no elements.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the first `len` elements, and the memory of the others.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        match self {
            Self::Float(v) => v.truncate(len),
            Self::Double(v) => v.truncate(len),
            Self::Int64(v) => v.truncate(len),
            Self::Int32(v) => v.truncate(len),
            Self::Bool(v) => v.truncate(len),
            Self::String(v) => v.truncate(len),
            Self::Sparse(s) => {
                s.columns.truncate(len);
                s.values.truncate(len);
            }
        }
    }

    /// Copies the elements in `range`.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::Float(v) => Self::Float(v[range].to_vec()),
            Self::Double(v) => Self::Double(v[range].to_vec()),
            Self::Int64(v) => Self::Int64(v[range].to_vec()),
            Self::Int32(v) => Self::Int32(v[range].to_vec()),
            Self::Bool(v) => Self::Bool(v[range].to_vec()),
            Self::String(v) => Self::String(v[range].to_vec()),
            Self::Sparse(s) => Self::Sparse(Sparse {
                columns: s.columns[range.clone()].to_vec(),
                values: s.values[range].to_vec(),
                entries: s.entries,
            }),
        }
    }
}

/// A batch of rows for the inputs of a model, in the order of its ports.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The values of each input.
    pub inputs: Vec<Values>,
    /// The number of rows.
    pub len: usize,
}

impl Rows {
    /// Copies the rows in `range`.
    #[must_use]
    pub fn slice(&self, range: &std::ops::Range<usize>) -> Self {
        let inputs = self
            .inputs
            .iter()
            .map(|values| {
                let width = values.len() / self.len.max(1);
                values.slice(range.start * width..range.end * width)
            })
            .collect();
        Self { inputs, len: range.len() }
    }
}
