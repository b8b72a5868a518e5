//! Runs one model on demand, for `benches/compare.py`, which measures other runtimes in between.
//!
//! The argument is a folder with `model.onnx` and `rows.bin` (`float` rows, little endian). The first line of
//! the output is the time to load the model, in nanoseconds. The program then reads lines `<rows per call>
//! <calls>` from standard input. It answers each with the total nanoseconds of the calls, on one thread. With
//! `--portable` it does not use AVX2 and AVX-512, as on processors without them.

use std::hint::black_box;
use std::io::BufRead;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use predictor::Clock;
use predictor::model::Model;
use predictor::model::directory::ModelDirectory;
use serving_spec::columns::{Rows, Values};

/// The allocator of the function.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    // Cargo adds arguments.
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let folder = PathBuf::from(folder.context("expected a folder with model.onnx and rows.bin, found none")?);
    if std::env::args().any(|argument| argument == "--portable") {
        onnx_ml::use_portable_code();
    }
    let bytes = std::fs::read(folder.join("rows.bin")).context("rows.bin")?;
    let started = Instant::now();
    let model = Model::load(&ModelDirectory::open(&folder)?, "model.onnx", &Clock::unlimited())?;
    println!("{}", started.elapsed().as_nanos());

    let values: Vec<f32> = bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect();
    let [input] = model.inputs() else { anyhow::bail!("expected one input, found {}", model.inputs().len()) };
    let width = input.width;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (rows, calls) = line.split_once(' ').context("expected `<rows per call> <calls>`")?;
        let (rows, calls): (usize, usize) = (rows.parse()?, calls.parse()?);
        let batches: Vec<Rows> = values
            .chunks_exact(rows * width)
            .map(|values| Rows { inputs: vec![Values::Float(values.to_vec())], len: rows })
            .collect();
        ensure!(
            !batches.is_empty(),
            "expected at least {rows} rows in rows.bin, found {}",
            values.len() / width
        );
        let started = Instant::now();
        for rows in batches.iter().cycle().take(calls) {
            black_box(model.run(black_box(rows))?);
        }
        println!("{}", started.elapsed().as_nanos());
    }
    Ok(())
}
