//! `predict`: predicts the records of a file.

mod lines;

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::environment::variable;
use lines::Lines;
use predictor::plain_text::Plain;
use predictor::{Clock, Document, Predictor, Provenance};

use super::model;

/// About the time of a call of the engine.
const CALL: Duration = Duration::from_millis(200);

/// Interval between progress lines.
const PROGRESS: Duration = Duration::from_secs(2);

/// Records by their fate.
#[derive(Debug, Default)]
struct Counts {
    predicted: u64,
    rejected: u64,
}

/// Predicts the records of a file with a model; fails if one of them is rejected.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(name: Option<&str>, records: &Path) -> Result<ExitCode> {
    let file = records.to_string_lossy();
    let reader: Box<dyn BufRead> = if file == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(records).with_context(|| format!("`{}`", Plain::name(&file)))?))
    };
    let directory = model::named(name).await?;
    // A panic is reported as a rejected record.
    std::panic::set_hook(Box::new(|_| {}));
    let run_id = variable("RUN_ID").filter(|run_id| !run_id.is_empty());
    let predictor = Predictor::load(&directory, run_id.as_deref(), &Clock::unlimited())?;
    let counts =
        predict(&predictor, &file, Lines::of(reader), &mut BufWriter::new(std::io::stdout().lock()))?;
    let Counts { predicted, rejected } = counts;
    eprintln!("{} records, {predicted} predicted, {rejected} rejected", predicted + rejected);
    Ok(if rejected == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes the results of the records of a file, and tells why others have none.
fn predict(
    predictor: &Predictor,
    name: &str,
    mut records: Lines,
    results: &mut impl Write,
) -> Result<Counts> {
    let file = serde_json::to_string(name)?;
    let mut counts = Counts::default();
    let mut told = Instant::now();
    let mut lines = Vec::new();
    while records.fill(&mut lines).with_context(|| format!("`{}`", Plain::name(name)))? {
        let places: Vec<_> = lines
            .iter()
            .map(|line| {
                (format!("file|{name}|{}", line.number), format!("\"file\":{file},\"line\":{}", line.number))
            })
            .collect();
        let documents: Vec<_> = std::iter::zip(&lines, &places)
            .map(|(line, (record, source))| Document {
                json: records.bytes(line),
                provenance: Provenance { record, source, ..Provenance::default() },
            })
            .collect();
        let mut done = 0;
        while done < documents.len() {
            let limits = predictor.limits(Clock::unlimited(), CALL);
            for scored in predictor.score_within(&documents[done..], &limits) {
                match scored.result {
                    Ok(result) => {
                        counts.predicted += 1;
                        let written = results.write_all(&result).and_then(|()| results.write_all(b"\n"));
                        match written {
                            // Who reads the results has seen enough.
                            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(counts),
                            written => written.context("writing the results")?,
                        }
                    }
                    Err(rejected) => {
                        counts.rejected += 1;
                        eprintln!("line {}: {}", lines[done].number, Plain::line(&rejected.to_string()));
                    }
                }
                done += 1;
            }
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            eprintln!("{} records, {} rejected", counts.predicted + counts.rejected, counts.rejected);
        }
    }
    results.flush().context("writing the results")?;
    Ok(counts)
}
