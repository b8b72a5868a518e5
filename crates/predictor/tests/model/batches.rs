//! A prediction does not depend on the other records of its batch. A replay in other batches gives the same
//! bytes.
#![allow(clippy::cast_possible_truncation, reason = "rows hold random numbers")]

use std::path::{Path, PathBuf};

use predictor::Clock;
use predictor::model::Model;
use predictor::model::directory::ModelDirectory;
use serving_spec::columns::{Element, Number, Port, Rows, Sparse, Values};

/// More rows than a tree kernel takes at once, and than a tile of a matrix product has.
const ROWS: usize = 70;

fn models() -> Vec<PathBuf> {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/conformance/zoo");
    let entries = std::fs::read_dir(&zoo)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make conformance-models`", zoo.display()));
    let mut models: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    models.sort();
    models
}

/// A number like those of standardised features. Some numbers are zero, whole, or outliers.
fn number(random: &mut fastrand::Rng) -> f64 {
    match random.u8(0..10) {
        0 => 0.0,
        1 => f64::from(random.i8(..)),
        2 => random.f64() * 1000.0,
        _ => (0..6).map(|_| random.f64() - 0.5).sum::<f64>() * 2.0,
    }
}

fn values(port: &Port, random: &mut fastrand::Rng) -> Values {
    let count = ROWS * port.width;
    let whole = |random: &mut fastrand::Rng| random.i32(-2..6);
    let words = ["a", "b", "red", "blue", "the quick brown fox", "", "cat1", "x"];
    match port.element {
        Element::Float => Values::Float((0..count).map(|_| number(random) as f32).collect()),
        Element::Double => Values::Double((0..count).map(|_| number(random)).collect()),
        Element::Int64 => Values::Int64((0..count).map(|_| whole(random).into()).collect()),
        Element::Int32 => Values::Int32((0..count).map(|_| whole(random)).collect()),
        Element::Bool => Values::Bool((0..count).map(|_| random.bool()).collect()),
        Element::String => {
            Values::String((0..count).map(|_| words[random.usize(..words.len())].to_owned()).collect())
        }
        Element::Map(values) => {
            let entries = 3;
            let mut sparse = Sparse { entries, ..Sparse::default() };
            for _ in 0..ROWS {
                let first = random.i32(-1..i32::try_from(port.keys.len()).unwrap());
                sparse.push(first, f64::from(number(random) as f32));
                sparse.push(
                    if first > 0 { 0 } else { Sparse::NONE },
                    if values == Number::Int64 { 1.0 } else { 0.5 },
                );
                sparse.push(Sparse::NONE, 0.0);
            }
            Values::Sparse(sparse)
        }
    }
}

fn same(a: &Values, b: &Values) -> bool {
    match (a, b) {
        (Values::Float(a), Values::Float(b)) => {
            a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
        }
        (Values::Double(a), Values::Double(b)) => {
            a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
        }
        (a, b) => a == b,
    }
}

/// The first difference between one large batch and batches of several sizes.
///
/// # Errors
/// The message of a model that cannot be loaded or run.
fn difference(folder: &Path) -> Result<Option<String>, String> {
    let directory = ModelDirectory::open(folder).unwrap();
    let model =
        Model::load(&directory, "model.onnx", &Clock::unlimited()).map_err(|error| format!("{error:#}"))?;
    let mut random = fastrand::Rng::with_seed(7);
    let inputs = model.inputs().iter().map(|port| values(port, &mut random)).collect();
    let rows = Rows { inputs, len: ROWS };
    let together = model.run(&rows).map_err(|error| format!("{error:#}"))?;
    for size in [1, 33] {
        for start in (0..ROWS).step_by(size) {
            let range = start..ROWS.min(start + size);
            let apart = model.run(&rows.slice(&range)).map_err(|error| format!("{error:#}"))?;
            for (together, apart) in together.iter().zip(&apart) {
                let width = together.len() / ROWS;
                let expected = together.slice(range.start * width..range.end * width);
                if !same(&expected, apart) {
                    return Ok(Some(format!(
                        "with {size} rows per call, from row {start}: expected {expected:?}, found {apart:?}"
                    )));
                }
            }
        }
    }
    Ok(None)
}

#[test]
fn predictions_are_the_same_bits_in_every_batch() {
    let models = models();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let ask = || {
        let mut answers = Vec::new();
        while let Some(folder) = models.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            answers.push((folder.file_name().unwrap().to_string_lossy().into_owned(), difference(folder)));
        }
        answers
    };
    let answers = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let differ: Vec<_> = answers
        .iter()
        .filter_map(|(name, answer)| {
            answer.as_ref().ok()?.as_ref().map(|differ| format!("{name}: {differ:.300}"))
        })
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    let not_asked: Vec<_> =
        answers.iter().filter_map(|(name, answer)| Some((name, answer.as_ref().err()?))).collect();
    // Some encoders refuse the categories of random rows, and some graphs cannot be served.
    assert!(
        not_asked.len() <= 10 && answers.len() > 400,
        "of {} models, failed: {not_asked:?}",
        answers.len()
    );
}
