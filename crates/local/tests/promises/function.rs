//! Tests the execution environment, with a small script in place of the function.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support;
use serde_json::{Value, json};
use stream_predictor_local::function::{Answer, Function, MAX_PAYLOAD_BYTES};
use stream_predictor_local::stack::Stack;
use tempfile::TempDir;

/// A small runtime that does what the event says.
const SCRIPT: &str = r#"
import json, os, sys, time, urllib.request
API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"
def post(path, body):
    urllib.request.urlopen(urllib.request.Request(API + path, json.dumps(body).encode(), method="POST")).read()
print("starting", flush=True)
how = os.environ.get("COLD_START")
if how == "exit":
    sys.exit("the model is missing")
if how == "init error":
    post("init/error", {"errorType": "NoModel", "errorMessage": "no such run"})
    sys.exit(1)
if how == "hang":
    time.sleep(60)
while True:
    with urllib.request.urlopen(API + "invocation/next") as response:
        id, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.load(response)
        left = int(response.headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
    do = event.get("do")
    print(len(event.get("Records", [])), "records", flush=True)
    if do == "crash":
        print("giving up", file=sys.stderr, flush=True)
        os._exit(3)
    elif do == "hang":
        time.sleep(60)
    elif do == "fail":
        post(f"invocation/{id}/error", {"errorType": "Bad", "errorMessage": "scripted", "stackTrace": []})
    elif do == "grow":
        try:
            post(f"invocation/{id}/response", "x" * event["bytes"])
        except urllib.error.HTTPError as error:
            print("refused", error.code, flush=True)
    elif do == "noise":
        sys.stdout.buffer.write(b"\xff\n" * 100000); sys.stdout.flush()
        post(f"invocation/{id}/response", None)
    else:
        environment = {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}
        post(f"invocation/{id}/response", {"pid": os.getpid(), "left": left, "env": environment, "bytes": len(json.dumps(event))})
"#;

pub struct Script {
    _folder: TempDir,
    pub path: PathBuf,
}

pub fn script() -> Script {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("function");
    let python = support::ministack().with_file_name("python");
    // The file must be closed before it runs, or the kernel reports that the text is busy.
    let mut file = std::fs::File::create(&path).unwrap();
    write!(file, "#!{}\n{SCRIPT}", std::path::absolute(python).unwrap().display()).unwrap();
    file.set_permissions(std::fs::Permissions::from_mode(0o755)).unwrap();
    Script { _folder: folder, path }
}

async fn started(timeout: Duration) -> (Script, Function) {
    let script = script();
    let function = Function::start(&script.path, vec![], timeout).await.unwrap();
    (script, function)
}

const LONG: Duration = Duration::from_secs(20);

async fn ask(function: &Function, event: &Value) -> Answer {
    function.invoke(event.to_string()).await.unwrap()
}

async fn pid(function: &Function) -> u64 {
    match ask(function, &json!({"do": "tell"})).await {
        Answer::Response(told) => told["pid"].as_u64().unwrap(),
        answer => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn the_function_sees_its_own_environment_and_lambdas_and_nothing_else() {
    let script = script();
    let env = vec![("RUN_ID".to_owned(), "r".to_owned())];
    let function = Function::start(&script.path, env, LONG).await.unwrap();
    let Answer::Response(told) = ask(&function, &json!({"do": "tell"})).await else { panic!() };
    let env = told["env"].as_object().unwrap();
    assert_eq!(env["RUN_ID"], "r");
    assert_eq!(env["AWS_LAMBDA_LOG_FORMAT"], "JSON");
    assert!(env.keys().all(|name| name == "RUN_ID" || name.starts_with("AWS_LAMBDA_")), "{env:?}");
    let left = told["left"].as_f64().unwrap();
    assert!(left > 0.0 && left <= LONG.as_secs_f64(), "{left}");
}

#[tokio::test]
async fn an_error_is_an_answer_and_the_process_lives_on() {
    let (_script, function) = started(LONG).await;
    let before = pid(&function).await;
    let answer = ask(&function, &json!({"do": "fail"})).await;
    assert_eq!(answer, Answer::FunctionError { kind: "Bad".to_owned(), message: "scripted".to_owned() });
    assert_eq!(pid(&function).await, before);
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_crash_is_an_answer_and_the_next_invocation_finds_a_new_process() {
    let (_script, function) = started(LONG).await;
    let before = pid(&function).await;
    let Answer::Crashed(why) = ask(&function, &json!({"do": "crash"})).await else { panic!() };
    assert!(why.contains("exit status: 3") && why.contains("giving up"), "{why}");
    assert_eq!(function.process_id(), None);
    assert_ne!(pid(&function).await, before);
    assert_eq!(function.starts(), 2);
}

#[tokio::test]
async fn a_process_killed_between_invocations_is_replaced() {
    let (_script, function) = started(LONG).await;
    for _ in 0..5 {
        let before = pid(&function).await;
        assert_eq!(u64::from(function.process_id().unwrap()), before);
        assert!(function.kill());
        // A kill takes time. An invocation may still meet the dying process.
        loop {
            if let Answer::Response(told) = ask(&function, &json!({"do": "tell"})).await {
                assert_ne!(told["pid"], before);
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_process_killed_in_the_middle_of_an_invocation_is_a_crash() {
    let (_script, function) = started(LONG).await;
    let event = json!({"do": "hang"});
    let (answer, ()) = tokio::join!(ask(&function, &event), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(function.kill());
    });
    assert!(matches!(&answer, Answer::Crashed(why) if why.contains("SIGKILL")), "{answer:?}");
}

#[tokio::test]
async fn a_timeout_is_an_answer_and_ends_the_process() {
    let limit = Duration::from_secs(1);
    let (_script, function) = started(limit).await;
    let before = pid(&function).await;
    let start = Instant::now();
    assert_eq!(ask(&function, &json!({"do": "hang"})).await, Answer::TimedOut(limit));
    assert!(start.elapsed() >= limit);
    assert_ne!(pid(&function).await, before);
}

#[tokio::test]
async fn a_dropped_call_ends_its_process() {
    let (_script, function) = started(LONG).await;
    let before = pid(&function).await;
    let event = json!({"do": "hang"}).to_string();
    tokio::time::timeout(Duration::from_millis(100), function.invoke(event)).await.unwrap_err();
    assert_ne!(pid(&function).await, before);
}

#[tokio::test]
async fn concurrent_callers_queue() {
    let (_script, function) = started(LONG).await;
    let asked = tokio::join!(pid(&function), pid(&function), pid(&function));
    assert!(asked.0 == asked.1 && asked.1 == asked.2);
}

#[tokio::test]
async fn payloads_and_responses_may_have_six_megabytes_and_no_more() {
    let (_script, function) = started(LONG).await;
    let frame = json!({"do": "tell", "x": ""}).to_string().len();
    let event = json!({"do": "tell", "x": "x".repeat(MAX_PAYLOAD_BYTES - frame)}).to_string();
    assert_eq!(event.len(), MAX_PAYLOAD_BYTES);
    let answer = function.invoke(event.clone()).await.unwrap();
    assert!(matches!(answer, Answer::Response(_)), "{answer:?}");
    let error = function.invoke(event + " ").await.unwrap_err();
    assert!(error.to_string().contains("expected a payload of at most"), "{error}");
    // The two quotes count.
    let answer = ask(&function, &json!({"do": "grow", "bytes": MAX_PAYLOAD_BYTES - 2})).await;
    assert!(matches!(answer, Answer::Response(_)));
    let answer = ask(&function, &json!({"do": "grow", "bytes": MAX_PAYLOAD_BYTES - 1})).await;
    assert!(matches!(&answer, Answer::FunctionError { kind, .. } if kind == "Function.ResponseSizeTooLarge"));
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_failed_cold_start_gives_its_reason() {
    let script = script();
    for (how, expected) in [
        ("exit", &["exit status: 1", "starting", "the model is missing"][..]),
        ("init error", &["NoModel: no such run"]),
    ] {
        let env = vec![("COLD_START".to_owned(), how.to_owned())];
        let Err(error) = Function::start(&script.path, env, LONG).await else { panic!("{how}") };
        for part in expected {
            assert!(error.to_string().contains(part), "expected {part:?} in {error}");
        }
    }
    let Err(error) = Function::start("/no/such/function".as_ref(), vec![], LONG).await else { panic!() };
    assert!(error.to_string().contains("/no/such/function"));
}

#[tokio::test]
async fn every_line_is_passed_on_even_if_it_is_not_utf_8() {
    let script = script();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let on_line = Arc::new(move |line: &str| sink.lock().unwrap().push(line.to_owned()));
    let function = Function::start_with_logs(&script.path, vec![], LONG, on_line).await.unwrap();
    assert_eq!(ask(&function, &json!({"do": "noise"})).await, Answer::Response(Value::Null));
    let start = Instant::now();
    while lines.lock().unwrap().len() < 100_002 {
        assert!(start.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(lines.lock().unwrap()[0], "starting");
}

fn is_alive(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

async fn assert_gone(pid: u64) {
    let start = Instant::now();
    while is_alive(pid) {
        assert!(start.elapsed() < LONG, "{pid} is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropping_the_function_ends_its_process() {
    let (_script, function) = started(LONG).await;
    let pid = pid(&function).await;
    assert!(is_alive(pid));
    drop(function);
    assert_gone(pid).await;
}

/// Runs this test again as a process that starts everything and is then killed. None of its children may
/// survive.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_child_survives_when_this_process_is_killed() {
    const ROLE: &str = "STREAM_PREDICTOR_LOCAL_VICTIM";
    if let Some(told) = std::env::var_os(ROLE) {
        let stack = Stack::start(&support::ministack()).await.unwrap();
        let (_script, function) = started(LONG).await;
        std::fs::write(told, format!("{} {}", pid(&function).await, stack.process_id())).unwrap();
        std::future::pending::<()>().await;
    }
    let folder = TempDir::new().unwrap();
    let told = folder.path().join("ids");
    let mut victim = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "function::no_child_survives_when_this_process_is_killed"])
        .env(ROLE, &told)
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let start = Instant::now();
    let ids = loop {
        let ids = std::fs::read_to_string(&told).unwrap_or_default();
        if ids.contains(' ') {
            break ids;
        }
        assert!(start.elapsed() < support::LIMIT);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let ids = ids.split(' ').map(|id| id.parse::<u64>().unwrap()).collect::<Vec<_>>();
    assert!(ids.iter().all(|id| is_alive(*id)));
    victim.kill().await.unwrap();
    for id in ids {
        assert_gone(id).await;
    }
}
