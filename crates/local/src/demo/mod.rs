//! `demo` and `up`: send records from a stream through the function and a model, to predictions on another
//! stream.

mod aws_cli;
mod flights;
mod model_tree;
mod prediction;
mod records;
mod rides;
mod scene;
mod system;
mod systems;
mod tally;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;

use prediction::Place;
use records::DemoRecord;
use scene::Scene;
use tally::Tally;

/// Number of records to put one by one, and largest number of the others in one request. Kinesis accepts up
/// to 500.
const ONE_BY_ONE: usize = 5;
const TOGETHER: usize = 150;

/// A record that no model can predict for.
const POISON: &str = "this is not JSON";

/// Time limit for accounting for all records, from the first put.
const LIMIT: Duration = Duration::from_mins(2);

/// Time to wait for unexpected results after all records are accounted for.
const AFTERMATH: Duration = Duration::from_millis(700);

/// Pause between two checks of the accounts.
const PAUSE: Duration = Duration::from_millis(100);

/// The options of `demo` and `up`.
#[derive(Debug, Args)]
pub struct Options {
    /// System to show
    #[arg(value_enum, value_name = "SYSTEM", default_value_t)]
    system: systems::SystemName,
    /// The function's binary
    #[arg(long, value_name = "PATH", default_value = "target/debug/stream-predictor")]
    function: PathBuf,
    /// Virtual environment with `ministack` and `awscli`
    #[arg(long, value_name = "DIR", default_value = ".venv")]
    venv: PathBuf,
    /// Copy of the bucket with the model, `<experiment>/models/m-…/artifacts` or
    /// `<experiment>/<run>/artifacts/model`. By default the system's own
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Run to choose if there are several
    #[arg(long)]
    run_id: Option<String>,
    /// Records, one JSON document per line, by default the system's own. Flights also need `truth.csv` in
    /// that folder
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
}

impl Options {
    fn models(&self) -> PathBuf {
        self.models.clone().unwrap_or_else(|| self.system.models())
    }
}

/// Runs the demonstration. Returns true if each record ended exactly once, and every good record was
/// predicted.
///
/// # Errors
/// When a part is missing or fails.
pub async fn run(options: &Options) -> Result<bool> {
    let mut system = options.system.read(options.records.as_deref())?;
    let mut scene = Scene::set(options, &*system).await?;
    let (noun, records) = (system.noun(), system.records());
    println!(
        "putting {ONE_BY_ONE} {noun}s one by one, {} more and 1 record that is not JSON\n\n{}",
        records.len() - ONE_BY_ONE,
        system.header()
    );

    let start = Instant::now();
    let mut tally = Tally::new(noun);
    {
        let putting = put_all(&scene.cli, &scene.events, &records);
        tokio::pin!(putting);
        let mut is_put = false;
        let mut complete_since = None::<Instant>;
        while start.elapsed() < LIMIT && complete_since.is_none_or(|since| since.elapsed() < AFTERMATH) {
            tokio::select! {
                put = &mut putting, if !is_put => {
                    is_put = true;
                    put?.into_iter().for_each(|(place, id)| tally.put(place, id));
                }
                Some(prediction) = scene.predictions.recv() => {
                    println!("{}", system.row(&prediction));
                    tally.predicted(&prediction);
                }
                () = tokio::time::sleep(PAUSE) => {}
            }
            tally.quarantined(scene.log.counts().quarantined.into_keys());
            if scene.given_up() > tally.reported_count() {
                tally.reported(scene.reported().await?);
            }
            if is_put && tally.is_complete() {
                complete_since = complete_since.or_else(|| Some(Instant::now()));
            }
        }
    }
    println!();
    if let Some(summary) = system.summary() {
        println!("{summary}");
    }
    for ((shard, sequence_number), reason) in scene.log.counts().quarantined {
        println!("quarantined: {shard} {sequence_number}: {reason}");
    }
    let problems = tally.problems();
    for problem in &problems {
        println!("problem: {problem}");
    }
    println!("{tally}");
    Ok(problems.is_empty())
}

/// Keeps the stack running and shows every prediction, until it is dropped.
///
/// # Errors
/// When a part is missing or fails.
pub async fn stay(options: &Options) -> Result<()> {
    let mut system = options.system.read(options.records.as_deref())?;
    let mut scene = Scene::set(options, &*system).await?;
    let records = system.records();
    let first = records.first().context("the system has no records")?;
    println!(
        "\nPut a {}, from another terminal:\n\n{}\n\nPredictions appear below. Ctrl-C ends everything.\n\n{}",
        system.noun(),
        scene.cli.put_record_line(&scene.events, &first.id, &first.json),
        system.header()
    );
    while let Some(prediction) = scene.predictions.recv().await {
        println!("{}", system.row(&prediction));
    }
    Ok(())
}

/// Puts all records with the AWS CLI. Returns each record's place and id. The poison has no id.
async fn put_all(
    cli: &aws_cli::AwsCli,
    stream: &str,
    records: &[DemoRecord],
) -> Result<Vec<(Place, Option<String>)>> {
    let (single, rest) = records.split_at(ONE_BY_ONE);
    let mut put = Vec::new();
    for record in single {
        put.push((cli.put_record(stream, &record.id, &record.json).await?, Some(record.id.clone())));
    }
    let mut rest =
        rest.iter().map(|record| (Some(record.id.clone()), record.json.as_str())).collect::<Vec<_>>();
    // The poison goes in the middle, so that records follow it.
    rest.insert(rest.len() / 2, (None, POISON));
    for batch in rest.chunks(TOGETHER) {
        let keyed = batch.iter().map(|(id, json)| (id.clone().unwrap_or_else(|| "poison".to_owned()), *json));
        let places = cli.put_records(stream, &keyed.collect::<Vec<_>>()).await?;
        put.extend(places.into_iter().zip(batch.iter().map(|(id, _)| id.clone())));
    }
    Ok(put)
}
