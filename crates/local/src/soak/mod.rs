//! `soak`: sends many records through the whole pipeline while services fail and processes are killed.

mod account;
mod pool;
mod records;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use fastrand::Rng;

use crate::fake::{Cloud, Faults, LATEST_WRITE, RequestCounts, env};
use crate::mapping::{Mapping, Settings};
use crate::stack::files_below;
use account::Account;
use pool::Pool;
use records::{SoakRecords, key};

const INPUT: &str = "ride_events";
const OUTPUT: &str = "ride_predictions";
const BUCKET: &str = "quarantine";

/// Number of records in an invocation.
const BATCH: usize = 500;

/// Approximate number of entries in a request: the keys of a batch, and the retries.
const ENTRIES: f64 = 150.0;

/// Largest number of records that are put and not settled. It bounds memory.
const BACKLOG: usize = 20_000;

/// Time limit for the last records to be settled.
const LAST_RECORDS: Duration = Duration::from_mins(5);

const PAUSE: Duration = Duration::from_millis(50);
const PROGRESS: Duration = Duration::from_secs(10);

/// The options of a soak.
#[derive(Debug, Args)]
pub struct Options {
    /// Number of records to put
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    records: usize,
    /// Number of shards of the input stream. Each has its own function process
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    shards: usize,
    /// Number of shards of the output stream. Each has the service's write limits
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    output_shards: usize,
    /// Seed of the records and the faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share of the requests that fail in some way
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    faults: f64,
    /// Share of the requests that are never answered. The function waits 10 s for each
    #[arg(long, value_name = "SHARE", default_value_t = 0.005)]
    silent: f64,
    /// Average time until a process is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    kill_every: f64,
    /// Time after which no more records are put
    #[arg(long, value_name = "SECONDS", default_value_t = 1_800)]
    limit: u64,
    /// The function's binary
    #[arg(long, value_name = "PATH", default_value = "target/debug/stream-predictor")]
    function_binary: PathBuf,
    /// Folder with a model of rides, at any depth
    #[arg(long, value_name = "DIR", default_value = "tests/fixtures/mlflow3")]
    model: PathBuf,
}

impl Options {
    /// Returns the faults. Of the silent requests, a third is written late and two thirds lose their answer.
    /// As many requests again lose their answer with a broken connection.
    fn faults(&self) -> Result<Faults> {
        let (lost_answer, late_write) = (self.silent * 4.0 / 3.0, self.silent / 3.0);
        let each = (self.faults - lost_answer - late_write) / 4.0;
        ensure!(
            (0.0..=0.2).contains(&each) && self.silent >= 0.0,
            "expected --faults and --silent to leave each other fault a share of 0 to 0.2, found {each}"
        );
        Ok(Faults {
            refused_entry: each / ENTRIES,
            throttled: each,
            failed: each,
            reset: each,
            lost_answer,
            late_write,
            ..Faults::default()
        })
    }

    fn env(&self) -> Result<[(String, String); 3]> {
        let values = [
            ("MODEL_LOCATION", model_directory(&self.model)?),
            ("PREDICTIONS_STREAM_NAME", OUTPUT.to_owned()),
            ("QUARANTINE_LOCATION", format!("s3://{BUCKET}/rides")),
        ];
        Ok(values.map(|(name, value)| (name.to_owned(), value)))
    }
}

/// Finds the folder that holds `MLmodel`.
fn model_directory(folder: &Path) -> Result<String> {
    let files = files_below(folder)?;
    let file = files.iter().find(|path| path.ends_with("MLmodel"));
    let model = file.and_then(|path| path.parent()?.canonicalize().ok()?.to_str().map(str::to_owned));
    model.with_context(|| format!("{} has no model", folder.display()))
}

/// Runs the soak and prints the accounts. Returns true if they balance.
///
/// # Errors
/// When a part is missing or fails.
pub async fn run(options: &Options) -> Result<bool> {
    let cloud = Cloud::new(options.seed);
    cloud.create_stream(INPUT, options.shards);
    cloud.create_stream(OUTPUT, options.output_shards);
    cloud.limit(OUTPUT);
    cloud.create_bucket(BUCKET);
    cloud.set_faults(options.faults()?);

    let mut env = env(cloud.listen().await?);
    env.extend(options.env()?);
    let pool = Arc::new(Pool::start(&options.function_binary, &env, options.shards).await?);
    let settings = Settings {
        batch_size: BATCH,
        maximum_retry_attempts: 10_000,
        maximum_retry_delay: Duration::from_secs(1),
        bisect_batch_on_function_error: false,
        poll_interval: PAUSE,
        ..Settings::default()
    };
    let mapping = Mapping::start(cloud.kinesis(), None, INPUT, settings, Arc::clone(&pool)).await?;
    let killers = pool.kill(
        Duration::try_from_secs_f64(options.kill_every)
            .context("expected a time of at least 0 s for --kill-every")?,
        &mut Rng::with_seed(options.seed),
    );

    let start = Instant::now();
    let mut account = Account::new(SoakRecords { seed: options.seed });
    feed(options, &cloud, &mapping, &pool, &mut account).await;
    let took = start.elapsed();
    drop(killers);
    let counts = cloud.counts();
    let discarded = mapping.stop().await?.total().discarded;
    eprintln!("waiting for late writes");
    tokio::time::sleep(LATEST_WRITE).await;
    collect(&cloud, &mut account);
    for object in cloud.objects(BUCKET).values() {
        object.split_inclusive(|byte| *byte == b'\n').for_each(|line| account.quarantined(line));
    }

    print!("{account}");
    println!("{:<20}{discarded:>10}", "given up");
    println!("{:<20}{:>10}, {} processes", "kills", pool.kills(), pool.starts());
    let RequestCounts { writes, faulty, partial, refused_entries } = counts;
    let share = (faulty + partial) as f64 / writes.max(1) as f64 * 100.0;
    println!(
        "{:<20}{writes:>10}, {share:.1} % failed: {faulty} as a whole, {partial} in part ({refused_entries} entries)",
        "requests"
    );
    println!("{:<20}{:>9.1}%, a function waits 10 s for each", "never answered", options.silent * 100.0);
    println!(
        "{:<20}{:>10.0} records/s, {:.0} s",
        "rate",
        account.count() as f64 / took.as_secs_f64(),
        took.as_secs_f64()
    );
    Ok(account.is_balanced() && discarded == 0)
}

/// Puts the records and waits until all are settled.
async fn feed(options: &Options, cloud: &Cloud, mapping: &Mapping, pool: &Pool, account: &mut Account) {
    let (start, limit) = (Instant::now(), Duration::from_secs(options.limit));
    let records = SoakRecords { seed: options.seed };
    let mut told = start;
    loop {
        let settled = usize::try_from(mapping.statistics().total().settled()).unwrap_or(usize::MAX);
        let is_over = account.count() == options.records || start.elapsed() > limit;
        if is_over && (settled == account.count() || start.elapsed() > limit + LAST_RECORDS) {
            return;
        }
        while !is_over && account.count() < options.records.min(settled + BACKLOG) {
            let record = records.get(account.count());
            cloud.put_record(INPUT, &key(record.key), record.data);
            account.put();
        }
        collect(cloud, account);
        if told.elapsed() > PROGRESS {
            told = Instant::now();
            let (seconds, put, kills) = (start.elapsed().as_secs(), account.count(), pool.kills());
            let RequestCounts { writes, faulty, partial, .. } = cloud.counts();
            eprintln!(
                "{seconds:>5} s: {put} put, {settled} settled, {kills} kills, {writes} requests, {} faulty",
                faulty + partial
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Moves the new predictions to the accounts, and frees the input records that nobody reads again.
fn collect(cloud: &Cloud, account: &mut Account) {
    cloud.take(OUTPUT, 0).iter().for_each(|accepted| account.predicted(accepted));
    drop(cloud.take(INPUT, BACKLOG));
}
