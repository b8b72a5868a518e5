//! ONNX models of classical machine learning for tract.

mod bounds;
mod deadline;
mod graph;
mod kept_attributes;
mod ops;
mod plan;
mod session;

pub use graph::summary;
pub use graph::{Columns, Graph, Input, MapValue, Output, Takes};
pub use ops::{VOID_COLUMN, use_portable_code};
pub use session::{Dimension, Session};
