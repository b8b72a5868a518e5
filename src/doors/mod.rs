//! Doors turn an incoming event into records, and what became of them into an answer. One file per door.

pub mod kinesis;
