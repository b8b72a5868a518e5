//! An event is refused, or every record of it is predicted or quarantined: the bytes are taken for an event, and for the
//! document of a record.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use stream_predictor::config::ModelLocation;
use stream_predictor::handler::Handler;
use stream_predictor::model::directory::ModelDirectory;
use stream_predictor::sink::Sink;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// A handler of a model that takes maps, and one of a model that takes columns.
static HANDLERS: LazyLock<(Runtime, Vec<Handler>)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let handlers = ["mlflow3", "columns"].map(|name| {
        let location = ModelLocation::Folder(model_directory(&fixtures.join(name)));
        let directory = runtime.block_on(ModelDirectory::fetch(&location, None)).expect("a folder");
        Handler::load(&directory, Some("run"), Sink::Answer).expect("a model")
    });
    (runtime, handlers.into())
});

/// The folder below `root` that has a model.
fn model_directory(root: &Path) -> std::path::PathBuf {
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        if folder.join("MLmodel").exists() || folder.join("model.onnx").exists() {
            return folder;
        }
        let entries =
            std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        open.extend(entries.filter(|path| path.is_dir()));
    }
    panic!("no model below {}", root.display());
}

fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let (runtime, handlers) = &*HANDLERS;
        for handler in handlers {
            let answer = |event: &str| {
                drop(runtime.block_on(handler.handle(event, Instant::now() + Duration::from_secs(60))));
            };
            if let Ok(event) = str::from_utf8(bytes) {
                answer(event);
            }
            answer(&event(bytes));
        }
    }
);

/// An event with one record.
fn event(document: &[u8]) -> String {
    let data = base64_simd::STANDARD.encode_to_string(document);
    format!(
        r#"{{"Records":[{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":"k","sequenceNumber":"49630081","data":"{data}","approximateArrivalTimestamp":1654161514.132}},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:49630081","eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/role","awsRegion":"eu-west-1","eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/ride_events"}}]}}"#
    )
}
