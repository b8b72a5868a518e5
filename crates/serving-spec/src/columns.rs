//! Typed columns of a batch: the plain values that features write, the model reads, and predictions come in.

/// What an input of the model takes, or an output gives, for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The name in the ONNX graph.
    pub name: String,
    /// The type of its elements.
    pub element: Element,
    /// Elements a row: 1 for a shape `[N]` or `[N, 1]`, F for `[N, F]`; of sparse rows, 1.
    pub width: usize,
    /// What the columns are called where rows are maps: their keys, integers as decimal numbers; else nothing.
    pub keys: Vec<String>,
}

/// Element types that rows can have, under their ONNX names.
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
    /// `tensor(string)`, or a map to strings, with one for each key.
    String,
    /// A map to numbers. Of an input, as scikit-learn's `DictVectorizer` takes it, the keys are those that have a column,
    /// and a row is given by the few columns that are not zero. Of an output, as `ZipMap` gives it, they are the classes,
    /// and a row has a value for each.
    Map(Number),
}

/// Types of numbers that maps can have, under their ONNX names.
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
    /// The type's name in ONNX.
    #[must_use]
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

/// Values of a batch, row after row.
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

/// Rows of a wide matrix that is nearly all zeros: a fixed number of entries a row, each a column and its value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sparse {
    /// Index of the column, or [`Sparse::NONE`] where the entry is void.
    pub columns: Vec<i32>,
    /// The value there; of maps to `float` one that `float` has.
    pub values: Vec<f64>,
    /// Entries a row.
    pub entries: usize,
}

impl Sparse {
    /// The column of an entry that stands for nothing: a category that the vocabulary lacks.
    pub const NONE: i32 = -1;

    /// Adds an entry to the row under way.
    pub fn push(&mut self, column: i32, value: f64) {
        self.columns.push(column);
        self.values.push(value);
    }
}

impl Values {
    /// No rows of `element`; `entries` is the number of entries a sparse row has.
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

    /// Elements (for sparse rows, entries) held.
    #[must_use]
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

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all but the first `len` elements, keeping the memory.
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

    /// A copy of the elements in `range`.
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

/// Rows for the model's inputs, in the order of its ports.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The values of each input.
    pub inputs: Vec<Values>,
    /// How many rows they make.
    pub len: usize,
}

impl Rows {
    /// A copy of the rows in `range`.
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
