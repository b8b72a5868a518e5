//! What reaches the log and the quarantine: few lines, and no text that somebody else formatted.

use crate::harness::Case;
use crate::support::{RIDE, event};

#[tokio::test(flavor = "multi_thread")]
async fn good_records_are_published() {
    let outcome = Case::rides().invoke(event(&[RIDE, "poison", RIDE])).await;
    assert_eq!(outcome.reported(), None);
    assert_eq!((outcome.published.len(), outcome.quarantined.len()), (2, 1), "{outcome:#?}");
    assert!(outcome.memory() < 64 << 20 && outcome.log_bytes() < 4_096, "{outcome:#?}");
}
