//! Support vector machines.

mod classifier;
mod coupling;
mod kernel;
mod pairs;
mod regressor;

pub(super) use classifier::parse as parse_classifier;
pub(super) use regressor::parse as parse_regressor;
