//! Tests the `poll` command, with the script in place of the function.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::function::script;
use crate::support::{LIMIT, put, stack};

#[tokio::test]
async fn it_polls_until_a_signal_and_prints_the_numbers_of_each_shard() {
    let stack = stack().await;
    stack.create_stream("poll", 1).await.unwrap();
    put("poll", &["1", "2", "3"]).await;
    let script = script();
    let mut poll = Command::new(env!("CARGO_BIN_EXE_stream-predictor-local"))
        .args(["poll", "--stream", "poll", "--function-binary"])
        .arg(&script.path)
        .env_clear()
        .envs(stack.env())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(poll.stdout.take().unwrap()).lines();
    let invoked = async { while lines.next_line().await.unwrap().unwrap() != "3 records" {} };
    tokio::time::timeout(LIMIT, invoked).await.unwrap();
    // The line is printed before the answer is sent.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let id = Pid::from_raw(i32::try_from(poll.id().unwrap()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    let output = tokio::time::timeout(LIMIT, poll.wait_with_output()).await.unwrap().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("shardId-000000000000: 3 received, 3 delivered, 0 retried, 0 discarded"), "{said}");
}

#[tokio::test]
async fn a_setting_out_of_range_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_stream-predictor-local"))
        .args(["poll", "--stream", "s", "--function-binary", "f", "--batch-size", "0"])
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("expected a batch size of 1 to 10000 records, found 0"), "{said}");
}
