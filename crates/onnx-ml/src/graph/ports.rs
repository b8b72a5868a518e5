//! The inputs and outputs of a graph, as the model's author knows them.

use tract_onnx::pb::tensor_proto::DataType;

/// An input of the graph.
#[derive(Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub takes: Takes,
}

/// What an input takes.
#[derive(Debug)]
pub enum Takes {
    /// A tensor.
    Tensor {
        /// The type of its elements.
        element: DataType,
        /// The sizes of its dimensions where the graph states them; `None` if it does not even state how many there are.
        shape: Option<Vec<Option<usize>>>,
    },
    /// A map, given by the entries that have a column.
    Sparse {
        /// The keys, in the order of their columns; integers as decimal numbers.
        keys: Vec<String>,
        /// The type of the values.
        values: MapValue,
    },
    /// A map, given by a value for each column.
    Dense {
        /// The type of the values.
        element: DataType,
        /// The columns.
        columns: Columns,
    },
}

/// The columns of a map that is given by a value for each.
#[derive(Debug)]
pub enum Columns {
    /// One for each of these keys; integers as decimal numbers.
    Of(Vec<String>),
    /// One for each key that there is, which are integers, in ascending order; how many, where the graph states it.
    Ascending(Option<usize>),
}

/// An output of the graph.
#[derive(Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The names of its columns if its rows are maps by class.
    pub classes: Option<Vec<String>>,
}

/// The types of numbers that the values of a map can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapValue {
    /// `float`
    Float,
    /// `double`
    Double,
    /// `int64`
    Int64,
}

impl MapValue {
    /// The element type of a tensor that holds such values.
    #[inline]
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Float => DataType::Float,
            Self::Double => DataType::Double,
            Self::Int64 => DataType::Int64,
        }
    }
}
