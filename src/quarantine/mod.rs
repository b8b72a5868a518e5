//! Temporary.
use crate::error::{Rejected, Undelivered};
use crate::event::Record;
use crate::time_limit::TimeLimit;
use uuid::Uuid;
/// A record of which documents were rejected.
#[derive(Debug)]
pub struct Quarantined<'a> {
    pub record: &'a Record<'a>,
    pub failures: Vec<Failure<'a>>,
}
#[derive(Debug)]
pub struct Failure<'a> {
    pub id: Uuid,
    pub sub_sequence: u32,
    pub reason: &'a Rejected,
}
#[derive(Debug)]
pub enum Quarantine {
    Log,
    Nowhere,
}
impl Quarantine {
    pub async fn store(
        &self,
        _: (&str, &str),
        _: &[Quarantined<'_>],
        _: &TimeLimit,
    ) -> Result<(), Undelivered> {
        match self {
            Self::Log => Ok(()),
            Self::Nowhere => Err(Undelivered { reason: "no quarantine is configured".to_owned() }),
        }
    }
}
