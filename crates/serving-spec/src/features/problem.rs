//! Why a feature has no value.

use std::fmt;

use crate::rejected::Rejected;

/// Why a feature has no value for a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(super) kind: ProblemKind,
    pub(super) reason: Box<Rejected>,
}

/// How a value is lacking. The policy of the feature depends on this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// There is no value.
    Missing,
    /// An operand is NaN, which marks a missing value.
    NaN,
    /// There is a value that cannot be used.
    Invalid,
    /// The document is rejected, for example by an operand that is a feature. No policy of another feature
    /// changes that.
    Rejected,
}

impl Problem {
    /// There is no value.
    pub(super) fn missing(reason: Rejected) -> Self {
        Self { kind: ProblemKind::Missing, reason: Box::new(reason) }
    }

    /// The document is rejected, whatever the policy of the feature says.
    pub(super) fn rejected(reason: Rejected) -> Self {
        Self { kind: ProblemKind::Rejected, reason: Box::new(reason) }
    }

    /// The value cannot be used. `operand` names it in the message.
    pub(super) fn invalid(operand: &dyn fmt::Display, expected: &str, found: &'static str) -> Self {
        let reason = Rejected::Invalid { operand: operand.to_string(), expected: expected.to_owned(), found };
        Self { kind: ProblemKind::Invalid, reason: Box::new(reason) }
    }
}
