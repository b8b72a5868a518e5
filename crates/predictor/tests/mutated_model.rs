//! A real model with random changes is refused or runs. It never ends the process, hangs, or takes all
//! memory.
//!
//! Every case has a number, and depends only on that number and the models of the zoo. To run more cases, use
//! `MUTATIONS=300000 cargo test --package predictor --test mutated_model`. To run one case, set
//! `MUTATION=number`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

#[allow(dead_code, reason = "models use only a part")]
#[path = "../../../fuzz/src/budget.rs"]
mod budget;
#[path = "../../../fuzz/src/model.rs"]
mod model;
#[path = "../../../tests/support/mutation.rs"]
mod mutation;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;
use prost::Message;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

/// The default number of cases.
const MUTATIONS: u64 = 2_000;

/// The largest model that is changed. Larger models would only take longer.
const MAX_MODEL_BYTES: u64 = 32 << 10;

/// The longest time for a load and two runs, in a build that is not optimised, while other tests run.
const MAX_TIME: Duration = Duration::from_secs(10);

/// The most resident memory of the whole process.
const MAX_KIB: u64 = 2 << 20;

/// The models of the zoo, in a fixed order.
fn models() -> Vec<Vec<u8>> {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/conformance");
    assert!(zoo.is_dir(), "{} is missing: run `make conformance-models`", zoo.display());
    let folders = |path: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let models = folders(&zoo).into_iter().filter(|path| path.is_dir()).flat_map(|kind| folders(&kind));
    let models = models.map(|folder| folder.join("model.onnx"));
    let small = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.len() <= MAX_MODEL_BYTES);
    models.filter(small).map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn a_mutated_model_is_refused_or_runs() {
    let models = models();
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let cases = number("MUTATION").map_or(0..number("MUTATIONS").unwrap_or(MUTATIONS), |one| one..one + 1);
    let folder = tempfile::tempdir().unwrap();
    // Caught panics are not printed.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut slowest = (Duration::ZERO, 0);
    let mut loaded = 0;
    let mut escaped = Vec::new();
    for case in cases.clone() {
        let mut random = Rng::with_seed(case);
        let bytes = &models[random.usize(..models.len())];
        let mutated = mutate(bytes, &mut random);
        // If the process ends, this file holds the number of the case.
        std::fs::write(folder.path().join("case"), case.to_string()).unwrap();
        let start = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| model::run(&mutated))) {
            Ok(true) => loaded += 1,
            Ok(false) => {}
            Err(_) => escaped.push(case),
        }
        slowest = slowest.max((start.elapsed(), case));
        if std::env::var_os("MUTATION_TIMES").is_some() && start.elapsed() > Duration::from_millis(500) {
            println!("{case}: {:?}", start.elapsed());
        }
    }
    std::panic::set_hook(hook);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    println!("{} cases, {loaded} loaded, slowest {slowest:?}, peak {peak:?} KiB", cases.clone().count());
    assert!(escaped.is_empty(), "cases {escaped:?} panicked");
    assert!(slowest.0 < MAX_TIME, "case {} took {:?}", slowest.1, slowest.0);
    assert!(peak.unwrap_or(0) < MAX_KIB, "{peak:?} KiB");
    assert!(cases.end - cases.start < 100 || loaded > 0, "expected some models to load, found only refusals");
}

fn mutate(model: &[u8], random: &mut Rng) -> Vec<u8> {
    if random.u8(..8) < 3 {
        let mut bytes = model.to_vec();
        mutation::mutate(&mut bytes, model, random);
        return bytes;
    }
    let mut model = ModelProto::decode(model).unwrap();
    for _ in 0..random.usize(1..4) {
        edit_graph(model.graph.as_mut().unwrap(), random);
    }
    model.encode_to_vec()
}

fn edit_graph(graph: &mut GraphProto, random: &mut Rng) {
    let names: Vec<String> = graph.node.iter().flat_map(|node| node.output.clone()).collect();
    let operators: Vec<String> = graph.node.iter().map(|node| node.op_type.clone()).collect();
    match random.u8(..8) {
        0 if !graph.initializer.is_empty() => {
            let at = random.usize(..graph.initializer.len());
            edit_tensor(&mut graph.initializer[at], random);
        }
        1 if !graph.node.is_empty() => {
            let at = random.usize(..graph.node.len());
            let to = random.usize(..graph.node.len());
            graph.node.swap(at, to);
        }
        _ if !graph.node.is_empty() => {
            let at = random.usize(..graph.node.len());
            edit_node(&mut graph.node[at], &names, &operators, random);
        }
        _ => {}
    }
}

fn edit_node(node: &mut NodeProto, names: &[String], operators: &[String], random: &mut Rng) {
    match random.u8(..8) {
        0 if !node.input.is_empty() => {
            let at = random.usize(..node.input.len());
            node.input[at] = random.choice(names).cloned().unwrap_or_default();
        }
        1 => node.input.truncate(random.usize(..=node.input.len())),
        2 => node.output.truncate(random.usize(..=node.output.len())),
        3 => node.op_type = random.choice(operators).cloned().unwrap_or_default(),
        _ if node.attribute.is_empty() => node.input.extend(names.first().cloned()),
        4 => drop(node.attribute.swap_remove(random.usize(..node.attribute.len()))),
        _ => {
            let at = random.usize(..node.attribute.len());
            edit_attribute(&mut node.attribute[at], random);
        }
    }
}

fn integer(random: &mut Rng) -> i64 {
    let odd = [0, 1, -1, 2, 3, 255, 1 << 20, 1 << 31, (1 << 31) - 1, 1 << 40, i64::MAX, i64::MIN];
    random.choice(odd).unwrap_or_default()
}

fn float(random: &mut Rng) -> f32 {
    let odd = [0.0, -0.0, 1.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE];
    random.choice(odd).unwrap_or_default()
}

/// Replaces one element of the list, cuts it, or makes it longer.
fn edit_list<T: Clone>(list: &mut Vec<T>, value: T, random: &mut Rng) {
    match random.u8(..4) {
        0 => list.truncate(random.usize(..=list.len())),
        1 => list.extend(vec![value; random.usize(1..5)]),
        _ if list.is_empty() => {}
        _ => {
            let at = random.usize(..list.len());
            list[at] = value;
        }
    }
}

fn edit_attribute(attribute: &mut AttributeProto, random: &mut Rng) {
    if let Some(graph) = &mut attribute.g {
        return edit_graph(graph, random);
    }
    if let Some(tensor) = &mut attribute.t {
        return edit_tensor(tensor, random);
    }
    let texts = ["", "SUM", "LEAF", "BRANCH_LEQ", "LOGISTIC", "SOFTMAX", "ünsinn", "0"];
    let text = random.choice(texts).unwrap_or_default().as_bytes().to_vec();
    attribute.i = integer(random);
    attribute.f = float(random);
    attribute.s.clone_from(&text);
    edit_list(&mut attribute.ints, integer(random), random);
    edit_list(&mut attribute.floats, float(random), random);
    edit_list(&mut attribute.strings, text, random);
    // ONNX reads only the list of the attribute's type, so edits of other lists have no effect. Sometimes the
    // type changes.
    if random.u8(..8) == 0 {
        attribute.r#type = random.i32(0..15);
    }
}

fn edit_tensor(tensor: &mut TensorProto, random: &mut Rng) {
    match random.u8(..4) {
        0 => edit_list(&mut tensor.dims, integer(random), random),
        1 => tensor.data_type = random.i32(0..24),
        2 => {
            edit_list(&mut tensor.float_data, float(random), random);
            edit_list(&mut tensor.int64_data, integer(random), random);
            edit_list(&mut tensor.raw_data, random.u8(..), random);
        }
        _ => {
            let mut list = |len: usize| (0..len).map(|_| integer(random)).collect::<Vec<_>>();
            if !tensor.int64_data.is_empty() {
                tensor.int64_data = list(tensor.int64_data.len());
            } else if tensor.raw_data.len().is_multiple_of(8) {
                tensor.raw_data =
                    list(tensor.raw_data.len() / 8).iter().flat_map(|x| x.to_le_bytes()).collect();
            }
        }
    }
}
