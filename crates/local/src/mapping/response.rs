//! Reads from a function's answer how much of the batch is done.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>.

use serde_json::Value;

use super::event::EventRecord;
use super::sequence::compare;
use crate::runtime_api::Answer;

/// How much of a batch is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All records are done.
    Done,
    /// The records before this index are done.
    FailedFrom(usize),
    /// No record is known to be done.
    Failed,
}

/// Reads the answer as Lambda does. Without `report_batch_item_failures`, every response is a success.
#[must_use]
pub fn outcome(answer: &Answer, batch: &[EventRecord], report_batch_item_failures: bool) -> Outcome {
    match answer {
        Answer::Response(value) if report_batch_item_failures => partial(value, batch),
        Answer::Response(_) => Outcome::Done,
        Answer::FunctionError { .. } | Answer::TimedOut(_) | Answer::Crashed(_) => Outcome::Failed,
    }
}

fn partial(response: &Value, batch: &[EventRecord]) -> Outcome {
    let failures = match response.get("batchItemFailures") {
        // Values without this member arrive here too: null, an empty object, a string.
        None | Some(Value::Null) => return Outcome::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return Outcome::Failed,
    };
    let mut lowest: Option<&str> = None;
    for failure in failures {
        // A misnamed, null or empty identifier fails the whole batch, whatever the other items say.
        let Some(identifier) =
            failure.get("itemIdentifier").and_then(Value::as_str).filter(|id| !id.is_empty())
        else {
            return Outcome::Failed;
        };
        if lowest.is_none_or(|lowest| compare(identifier, lowest).is_lt()) {
            lowest = Some(identifier);
        }
    }
    let Some(lowest) = lowest else {
        return Outcome::Done;
    };
    // A number from outside the batch does not say where the batch failed.
    batch
        .iter()
        .position(|record| compare(&record.sequence_number, lowest).is_eq())
        .map_or(Outcome::Failed, Outcome::FailedFrom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(response: Value) -> Outcome {
        let batch = ["8", "9", "10", "11"].map(|number| EventRecord::bare(number, 0, 1));
        outcome(&Answer::Response(response), &batch, true)
    }

    fn failures(identifiers: &[&str]) -> Value {
        let items = identifiers.iter().map(|id| json!({ "itemIdentifier": id })).collect::<Vec<_>>();
        json!({ "batchItemFailures": items })
    }

    #[test]
    fn success_has_many_forms() {
        for response in
            [json!(null), json!({}), json!({"batchItemFailures": null}), json!({"batchItemFailures": []})]
        {
            assert_eq!(read(response.clone()), Outcome::Done, "{response}");
        }
        assert_eq!(read(json!("delivered")), Outcome::Done);
    }

    #[test]
    fn the_numerically_lowest_identifier_counts() {
        assert_eq!(read(failures(&["9"])), Outcome::FailedFrom(1));
        assert_eq!(read(failures(&["11", "10", "9"])), Outcome::FailedFrom(1));
        assert_eq!(read(failures(&["10", "0008"])), Outcome::FailedFrom(0));
    }

    #[test]
    fn an_unusable_identifier_fails_the_whole_batch() {
        for response in [
            failures(&[""]),
            failures(&["10", ""]),
            failures(&["12"]),
            failures(&["7", "10"]),
            json!({"batchItemFailures": [{"itemIdentifier": null}]}),
            json!({"batchItemFailures": [{"itemIdentifier": 10}]}),
            json!({"batchItemFailures": [{"itemidentifier": "10"}]}),
            json!({"batchItemFailures": [{}]}),
            json!({"batchItemFailures": ["10"]}),
            json!({"batchItemFailures": "10"}),
        ] {
            assert_eq!(read(response.clone()), Outcome::Failed, "{response}");
        }
    }

    #[test]
    fn an_unexpected_partial_response_is_a_success() {
        let batch = [EventRecord::bare("8", 0, 1)];
        assert_eq!(outcome(&Answer::Response(failures(&["8"])), &batch, false), Outcome::Done);
        assert_eq!(outcome(&Answer::Response(failures(&[""])), &batch, false), Outcome::Done);
    }

    #[test]
    fn errors_timeouts_and_crashes_fail_the_whole_batch() {
        let batch = [EventRecord::bare("8", 0, 1)];
        for answer in [
            Answer::FunctionError { kind: String::new(), message: String::new() },
            Answer::TimedOut(std::time::Duration::from_secs(1)),
            Answer::Crashed(String::new()),
        ] {
            for report in [true, false] {
                assert_eq!(outcome(&answer, &batch, report), Outcome::Failed);
            }
        }
    }
}
