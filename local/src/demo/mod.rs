//! `demo` and `up`: rides from a stream, through the function and a model, to predictions on another stream.

mod aws_cli;
mod model_tree;
mod prediction;
mod ride;
mod scene;
mod tally;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use prediction::{Place, Prediction};
use ride::{Ride, Rides};
use scene::{RIDES, Scene};
use tally::Tally;

/// How many rides are put one by one, and how many more in one request (which takes at most 500).
const ONE_BY_ONE: usize = 5;
const TOGETHER: usize = 100;

/// What no model can predict for.
const POISON: &str = "this is not JSON";

/// How long all records may take to be accounted for, from the first put.
const LIMIT: Duration = Duration::from_mins(2);

/// How long to look for what should not come once all is accounted for.
const AFTERMATH: Duration = Duration::from_millis(700);

/// The pause between two looks at the accounts.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the parts are.
#[derive(Debug, Args)]
pub struct Options {
    /// The function's binary
    #[arg(long, value_name = "PATH", default_value = "target/debug/stream-predictor")]
    function: PathBuf,
    /// Virtual environment with `ministack` and `awscli`
    #[arg(long, value_name = "DIR", default_value = ".venv")]
    venv: PathBuf,
    /// Image of the bucket with the model: `<experiment>/models/m-…/artifacts` or `<experiment>/<run>/artifacts/model`
    #[arg(long, value_name = "DIR", default_value = "tests/fixtures/mlflow3")]
    models: PathBuf,
    /// The run to take if there are several
    #[arg(long)]
    run_id: Option<String>,
    /// Rides, one JSON document a line
    #[arg(long, value_name = "FILE", default_value = "tests/fixtures/rides.jsonl")]
    rides: PathBuf,
}

/// Runs the demonstration; true if each record was accounted for exactly once and each ride was predicted.
///
/// # Errors
/// When a part is missing or does not work.
pub async fn run(options: &Options) -> Result<bool> {
    let rides = Rides::read(&options.rides)?;
    ensure!(
        rides.all().len() >= ONE_BY_ONE + TOGETHER,
        "{} has {} rides; {} are needed",
        options.rides.display(),
        rides.all().len(),
        ONE_BY_ONE + TOGETHER
    );
    let mut scene = Scene::set(options).await?;
    println!(
        "putting {ONE_BY_ONE} rides one by one, {TOGETHER} more and 1 record that is not JSON\n\n{}",
        Ride::HEADER
    );

    let start = Instant::now();
    let mut tally = Tally::default();
    {
        let putting = put_all(&scene.cli, &rides);
        tokio::pin!(putting);
        let mut is_put = false;
        let mut complete_since = None::<Instant>;
        while start.elapsed() < LIMIT && complete_since.is_none_or(|since| since.elapsed() < AFTERMATH) {
            tokio::select! {
                put = &mut putting, if !is_put => {
                    is_put = true;
                    put?.into_iter().for_each(|(place, ride_id)| tally.put(place, ride_id));
                }
                Some(prediction) = scene.predictions.recv() => {
                    show(&prediction, &rides);
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

/// Keeps the scene and shows every prediction, until it is dropped.
///
/// # Errors
/// When a part is missing or does not work.
pub async fn stay(options: &Options) -> Result<()> {
    let rides = Rides::read(&options.rides)?;
    let mut scene = Scene::set(options).await?;
    let first = rides.all().first().context("there are no rides")?;
    println!(
        "\nPut a ride, from another terminal:\n\n{}\n\nPredictions appear below; Ctrl-C ends everything.\n\n{}",
        scene.cli.put_record_line(RIDES, &first.id.to_string(), &first.json),
        Ride::HEADER
    );
    while let Some(prediction) = scene.predictions.recv().await {
        show(&prediction, &rides);
    }
    Ok(())
}

fn show(prediction: &Prediction, rides: &Rides) {
    println!("{}", Ride::row(prediction.ride_id.and_then(|id| rides.get(id)), prediction));
}

/// Puts everything with the AWS CLI; gives each record's place and the ride's id, none for the poison.
async fn put_all(cli: &aws_cli::AwsCli, rides: &Rides) -> Result<Vec<(Place, Option<i64>)>> {
    let (single, rest) = rides.all().split_at(ONE_BY_ONE);
    let mut put = Vec::new();
    for ride in single {
        put.push((cli.put_record(RIDES, &ride.id.to_string(), &ride.json).await?, Some(ride.id)));
    }
    let mut batch =
        rest[..TOGETHER].iter().map(|ride| (ride.id.to_string(), ride.json.as_str())).collect::<Vec<_>>();
    let mut ids = rest[..TOGETHER].iter().map(|ride| Some(ride.id)).collect::<Vec<_>>();
    // In the middle, so that there are records behind it.
    batch.insert(TOGETHER / 2, ("poison".to_owned(), POISON));
    ids.insert(TOGETHER / 2, None);
    put.extend(cli.put_records(RIDES, &batch).await?.into_iter().zip(ids));
    Ok(put)
}
