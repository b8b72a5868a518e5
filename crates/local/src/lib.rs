//! Local stand-ins for AWS, for tests, demonstrations and soak runs. Nothing here is for production.
//!
//! [`stack`] stands in for Kinesis and S3, [`mapping`] for Lambda's event source mapping, and [`function`]
//! for Lambda's execution environment. [`demo`] joins the three and accounts for every record. [`fake`] is a
//! Kinesis and an S3 that fail on purpose, and [`soak`] sends many records through the function above them.

pub mod cli;
pub mod demo;
mod endpoint;
pub mod fake;
pub mod function;
mod guard;
pub mod logs;
pub mod mapping;
pub mod poll;
mod runtime_api;
pub mod soak;
pub mod stack;
