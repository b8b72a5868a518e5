//! The inputs and outputs of a graph, as the model's author knows them.

use tract_onnx::pb::tensor_proto::DataType;

/// An input of the graph.
#[derive(Debug)]
pub struct Input {
    /// The name of the input.
    pub name: String,
    /// What the input takes.
    pub takes: Takes,
}

/// What an input takes.
#[derive(Debug)]
pub enum Takes {
    /// A tensor. A run gets one tensor for this input.
    Tensor {
        /// The type of the elements.
        element: DataType,
        /// The size of each dimension, if the graph states it. `None` if the graph does not state the rank.
        shape: Option<Vec<Option<usize>>>,
    },
    /// A map per row, given by the entries that have a column.
    ///
    /// A run gets two tensors for this input, `int32[N, K]` with the columns and `[N, K]` with the values,
    /// for N rows of up to K entries each. The column is [`crate::VOID_COLUMN`] where a row has fewer than K
    /// entries.
    Sparse {
        /// The key of each column; integers are written as decimal numbers.
        keys: Vec<String>,
        /// The type of the values.
        values: MapValue,
    },
    /// A map per row, given by a value for each column. A run gets one tensor `[N, columns]` for this input.
    Dense {
        /// The type of the values.
        element: DataType,
        /// The columns.
        columns: Columns,
    },
}

/// The columns of a map that is given by a value for each column.
#[derive(Debug)]
pub enum Columns {
    /// A column for each of these keys; integers are written as decimal numbers.
    Of(Vec<String>),
    /// A column for each key of the maps. The keys are integers, in ascending order. Their number is known if
    /// the graph states it.
    Ascending(Option<usize>),
}

/// An output of the graph.
#[derive(Debug)]
pub struct Output {
    /// The name of the output.
    pub name: String,
    /// The class of each column, if the rows are maps from classes to scores.
    pub classes: Option<Vec<String>>,
}

/// The type of the numbers in a map.
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
    /// The element type of a tensor that holds such numbers.
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
