//! No bytes from outside make the code panic, hang, or break its guarantees. This is a short run of `make
//! fuzz`, with its seeds and some thousands of their mutations.
//!
//! Every case has a number, and depends only on that number and the seeds. To run more cases, use
//! `FUZZ_RUNS=1000000 cargo test --test fuzz`. The predictor's `tests/mutated_model.rs` and
//! `tests/generated_model.rs` do the same for models.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

#[path = "../fuzz/src/budget.rs"]
mod budget;
#[path = "../fuzz/src/event.rs"]
mod event;
#[path = "../fuzz/src/features.rs"]
mod features;
#[path = "support/kpl.rs"]
mod kpl;
#[path = "../fuzz/src/mlmodel.rs"]
mod mlmodel;
#[path = "support/mutation.rs"]
mod mutation;
#[allow(dead_code, reason = "the generators use only a part")]
#[path = "../crates/predictor/tests/support/onnx/build.rs"]
mod onnx;
#[path = "../fuzz/src/payload.rs"]
mod payload;
#[path = "../fuzz/src/record/mod.rs"]
mod record;
#[path = "../fuzz/src/replay.rs"]
mod replay;
#[path = "../fuzz/src/spec.rs"]
mod spec;
#[path = "../fuzz/src/values.rs"]
mod values;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Once, mpsc};
use std::time::Duration;

use fastrand::Rng;

/// The default number of mutations per target.
const RUNS: u64 = 10_000;

/// The default number of generated events, which cost far more.
const GENERATED: u64 = 60;

/// The most random bytes that generate an event.
const MAX_BYTES: usize = 512;

/// The longest time until a case ends, while other tests run. `budget` limits what it computes.
const MAX_TIME: Duration = Duration::from_mins(1);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of some folders, in a fixed order.
fn seeds(folders: &[&str]) -> Vec<Vec<u8>> {
    let files = |folder: &&str| {
        let entries =
            std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    folders.iter().flat_map(files).map(|path| std::fs::read(path).unwrap()).collect()
}

/// A case. The first cases are the seeds, and the others are random mutations of them. Without seeds, its bytes are
/// random.
fn case(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    if let Some(seed) = usize::try_from(number).ok().and_then(|number| seeds.get(number)) {
        return seed.clone();
    }
    let mut random = Rng::with_seed(number);
    if seeds.is_empty() {
        let bytes = random.usize(..=MAX_BYTES);
        return std::iter::repeat_with(|| random.u8(..)).take(bytes).collect();
    }
    let mut bytes = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.usize(1..5) {
        let donor = &seeds[random.usize(..seeds.len())];
        mutation::mutate(&mut bytes, donor, &mut random);
    }
    bytes
}

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether `run` panics. A caught panic counts as well, because no model is at fault here.
fn panics(run: fn(&[u8]), bytes: &[u8]) -> bool {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.set(true);
            hook(panic);
        }));
    });
    catch_unwind(AssertUnwindSafe(|| run(bytes))).is_err() || PANICKED.replace(false)
}

fn fuzz(target: &str, run: fn(&[u8]), folders: &[&str]) {
    let seeds = seeds(folders);
    let default = if seeds.is_empty() { GENERATED } else { RUNS };
    let runs = std::env::var("FUZZ_RUNS").map_or(default, |runs| runs.parse().unwrap());
    let cases = 0..seeds.len() as u64 + runs;
    let (done, results) = mpsc::channel();
    std::thread::spawn({
        let (seeds, cases) = (seeds.clone(), cases.clone());
        move || {
            cases.map(|number| panics(run, &case(&seeds, number))).try_for_each(|failed| done.send(failed))
        }
    });
    for number in cases {
        let problem = match results.recv_timeout(MAX_TIME) {
            Ok(false) => continue,
            Ok(true) => "panics",
            Err(_) => "takes too long",
        };
        let path = root().join(format!("target/fuzz/failed-{target}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, case(&seeds, number)).unwrap();
        panic!("case {number} {problem}: {}", path.display());
    }
}

#[test]
fn any_event_is_answered() {
    fuzz("event", event::run, &["fuzz/seeds/event", "events"]);
}

#[test]
fn any_payload_is_unpacked() {
    fuzz("payload", payload::run, &["fuzz/seeds/payload", "tests/fixtures/payloads"]);
}

#[test]
fn any_document_is_a_row_or_rejected() {
    fuzz("features", features::run, &["fuzz/seeds/features"]);
}

#[test]
fn any_mlmodel_is_read_or_refused() {
    fuzz("mlmodel", mlmodel::run, &["fuzz/seeds/mlmodel"]);
}

#[test]
fn any_spec_is_compiled_or_refused() {
    fuzz("spec", spec::run, &["fuzz/seeds/spec"]);
}

#[test]
fn any_object_can_be_replayed() {
    fuzz("replay", replay::run, &["fuzz/seeds/replay"]);
}

#[test]
fn any_generated_record_is_settled() {
    fuzz("record", record::run, &[]);
}
