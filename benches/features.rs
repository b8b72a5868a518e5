//! Measures the time for the features of a record, from its JSON document to its row, on one thread.
//!
//! `make bench-features` measures rides, and a lookup in a table of a million keys that it writes to a
//! temporary folder. If `make fixtures` has run, it also measures flights. Times are medians over rounds.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use predictor::Clock;
use predictor::model::directory::ModelDirectory;
use predictor::model::{Description, Model};
use serving_spec::FeaturePlan;
use serving_spec::ServingSpec;
use serving_spec::result::ResultPlan;

/// The allocator of the function.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 31;
const KEYS: u32 = 1_000_000;
const LOOKUPS: u32 = 50_000;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    system("rides", &root.join("tests/fixtures/mlflow3"), &root.join("tests/fixtures/rides.jsonl"))?;
    let flights = root.join("target/fixtures/flights");
    if flights.exists() {
        system("flights", &flights, &flights.join("flights.jsonl"))?;
    }
    lookup()
}

/// Measures the features of the model below a folder, for the records of a file.
fn system(name: &str, models: &Path, records: &Path) -> Result<()> {
    let model = find(models).with_context(|| format!("no MLmodel below {}", models.display()))?;
    let directory = ModelDirectory::open(&model)?;
    let Description { spec, file, .. } = Description::read(&directory)?;
    let model = Model::load(&directory, &file, &Clock::unlimited())?;
    let echoed = ResultPlan::compile(&spec.result, model.outputs(), "", "")?.echoed();
    let plan =
        FeaturePlan::compile(&spec.feature_parts(), model.inputs(), &echoed, &|name| directory.file(name))?;
    let text = std::fs::read_to_string(records)?;
    let documents: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    let nanoseconds = measure(&plan, &documents)?;
    println!("{name}: {nanoseconds:.0} ns per record, with {} records", documents.len());
    Ok(())
}

fn find(folder: &Path) -> Option<PathBuf> {
    if folder.join("MLmodel").is_file() {
        return Some(folder.to_owned());
    }
    let mut folders = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    folders.find_map(|path| if path.is_dir() { find(&path) } else { None })
}

/// Measures the time to load a table of a million keys, and the extra time of a record that looks up a key.
fn lookup() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut csv = String::from("key,value\n");
    let key = |number: u32| number.wrapping_mul(2_654_435_761);
    (0..KEYS).try_for_each(|number| writeln!(csv, "k{},{number}.5", key(number)))?;
    std::fs::write(folder.path().join("table.csv"), csv)?;
    let files = |name: &str| Ok(folder.path().join(name));
    let plan = |toml: &str| {
        let spec = ServingSpec::from_toml(toml).map_err(|(_, message)| anyhow::anyhow!(message))?;
        FeaturePlan::of_features(&spec.feature_parts(), &files)
    };
    let started = Instant::now();
    let with =
        plan("[features]\nx = { lookup = \"table.csv\", by = { key = \"/k\" }, value = \"value\" }\n")?;
    println!("table of {KEYS} keys: loaded in {:.2} s", started.elapsed().as_secs_f64());
    let without = plan("[features]\nx = { field = \"k\", type = \"string\" }\n")?;
    // The keys are not looked up in the order of the file.
    let documents: Vec<String> =
        (0..LOOKUPS).map(|number| format!("{{\"k\": \"k{}\"}}", key(number * 7_919 % KEYS))).collect();
    let documents: Vec<&[u8]> = documents.iter().map(String::as_bytes).collect();
    let (with, without) = (measure(&with, &documents)?, measure(&without, &documents)?);
    println!("lookup: {:.0} ns ({with:.0} ns per record with it, {without:.0} ns without)", with - without);
    Ok(())
}

/// The nanoseconds per record, as the median over rounds.
fn measure(plan: &FeaturePlan, documents: &[&[u8]]) -> Result<f64> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let (mut row, mut rows) = (plan.row(), plan.rows());
        for document in documents {
            plan.extract(black_box(document), &mut row, &mut rows)?;
        }
        black_box(rows);
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let median: Duration = times[ROUNDS / 2];
    Ok(median.as_secs_f64() * 1e9 / documents.len() as f64)
}
