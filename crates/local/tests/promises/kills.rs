//! A function that is killed again and again loses no record.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stream_predictor_local::function::Function;
use stream_predictor_local::mapping::Settings;
use tokio::sync::Notify;

use crate::function::script;
use crate::support::{put_keyed, quick, settle, stack, start};

const RECORDS: usize = 2_000;

/// Kills by the number of invocations and not by time, so that the test also ends on a slow machine.
const INVOCATIONS_PER_KILL: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_again_and_again_loses_no_record() {
    stack().await.create_stream("kills", 4).await.unwrap();
    let texts = (0..RECORDS).map(|number| number.to_string()).collect::<Vec<_>>();
    for texts in texts.chunks(500) {
        put_keyed("kills", &texts.iter().map(|text| (text.as_str(), text.as_str())).collect::<Vec<_>>())
            .await;
    }
    let (script, invocations, due) = (script(), AtomicUsize::new(0), Arc::new(Notify::new()));
    let notify = Arc::clone(&due);
    // The script prints the line before it answers. So some kills hit an invocation, and some the pause after
    // it.
    let on_line = Arc::new(move |line: &str| {
        if line.ends_with("records") && invocations.fetch_add(1, Ordering::SeqCst) % INVOCATIONS_PER_KILL == 0
        {
            notify.notify_one();
        }
    });
    let limit = Duration::from_secs(20);
    let function = Arc::new(Function::start_with_logs(&script.path, vec![], limit, on_line).await.unwrap());
    let victim = Arc::clone(&function);
    let killer = tokio::spawn(async move {
        loop {
            due.notified().await;
            let _ = victim.kill();
        }
    });
    let settings = Settings {
        batch_size: 20,
        maximum_retry_attempts: 10_000,
        bisect_batch_on_function_error: false,
        ..quick()
    };
    let statistics = settle(start("kills", settings, Arc::clone(&function)).await, RECORDS as u64).await;
    killer.abort();
    let total = statistics.total();
    assert_eq!((total.received, total.delivered, total.discarded), (RECORDS as u64, RECORDS as u64, 0));
    assert_eq!(statistics.shards.len(), 4);
    assert!(function.starts() > 5, "{} starts: expected more kills", function.starts());
}
