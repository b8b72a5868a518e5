//! Loads the model of a directory that MLflow wrote, and predicts batches of rows.

pub mod directory;
mod example;
pub mod mlmodel;
pub mod signature;
mod tensors;

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use limits::Clock;
use onnx_ml::{Dimension, Graph, Session};

use serving_spec::ServingSpec;
use serving_spec::columns::{Port, Rows, Values};

use directory::ModelDirectory;
use mlmodel::MlModel;

/// The graph's file if `MLmodel` does not name one.
pub const DEFAULT_FILE: &str = "model.onnx";

/// The serving spec's file.
const SPEC_FILE: &str = "serving.toml";

/// The most bytes of a serving spec. Specs are far smaller.
const MAX_SPEC_BYTES: usize = 1 << 20;

/// A model that is ready to predict.
#[derive(Debug)]
pub struct Model {
    session: Session,
    ports: Vec<Port>,
    /// The shapes of the inputs.
    shapes: Vec<Vec<Dimension>>,
    outputs: Vec<Port>,
}

/// The facts that a model directory holds beside the graph.
#[derive(Debug, Clone)]
pub struct Description {
    /// The graph's file.
    pub file: String,
    /// The serving spec. It is empty if the directory has none.
    pub spec: ServingSpec,
    /// The run that logged the model.
    pub run_id: Option<String>,
    /// The name under which the run logged it.
    pub name: Option<String>,
}

impl Description {
    /// Reads `MLmodel` and the serving spec.
    ///
    /// # Errors
    /// When one of them is malformed, the model is not of the ONNX flavor, or there are two serving specs.
    pub fn read(directory: &ModelDirectory) -> Result<Self> {
        let mlmodel = directory.text(mlmodel::FILE, mlmodel::MAX_BYTES)?;
        let mlmodel = mlmodel.map(|text| MlModel::parse(&text)).transpose()?;
        let file = mlmodel.as_ref().map_or(Ok(DEFAULT_FILE), MlModel::onnx_file)?.to_owned();
        let beside = directory.text(SPEC_FILE, MAX_SPEC_BYTES)?;
        let beside = beside.map(|text| parse_spec(&text)).transpose()?;
        let within = mlmodel.as_ref().and_then(|mlmodel| mlmodel.serving().cloned());
        ensure!(
            beside.is_none() || within.is_none(),
            "expected one serving spec, found two: {SPEC_FILE}, and `metadata.serving` in MLmodel; keep one"
        );
        let spec = beside.or(within).unwrap_or_default();
        let run_id = mlmodel.as_ref().and_then(|mlmodel| mlmodel.run_id.clone());
        // MLflow 3 writes the address of the artifacts here, not a name.
        let name = mlmodel.and_then(|mlmodel| mlmodel.artifact_path).filter(|path| !path.contains(':'));
        Ok(Self { file, spec, run_id, name })
    }
}

fn parse_spec(text: &str) -> Result<ServingSpec> {
    ServingSpec::from_toml(text).map_err(|(line, message)| {
        let message = message.replace('\n', " ");
        anyhow!("{SPEC_FILE}, line {line}: {message}")
    })
}

impl Model {
    /// Loads the graph of a directory for any number of rows.
    ///
    /// # Errors
    /// When it is not an ONNX model, or cannot be served, or planning it takes longer than `clock` allows.
    pub fn load(directory: &ModelDirectory, file: &str, clock: &Clock) -> Result<Self> {
        Self::read(&directory.file(file)?, clock).context(file.to_owned())
    }

    fn read(path: &Path, clock: &Clock) -> Result<Self> {
        let graph = Graph::read(path)?;
        let inputs = graph
            .inputs
            .iter()
            .map(|input| tensors::input_port(input).with_context(|| format!("input `{}`", input.name)));
        let (ports, shapes): (Vec<_>, Vec<_>) = inputs.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let session = Session::new(&graph, &shapes, clock)?;
        let outputs = graph.outputs.iter().enumerate().map(|(index, output)| {
            tensors::output_port(output, session.output_fact(index)?, &session.rows())
                .with_context(|| format!("output `{}`", output.name))
        });
        let outputs = outputs.collect::<Result<_>>()?;
        Ok(Self { session, ports, shapes, outputs })
    }

    /// The values that each row needs, in the order of the graph's inputs.
    #[must_use]
    pub fn inputs(&self) -> &[Port] {
        &self.ports
    }

    /// The most rows per call. With them, no intermediate tensor exceeds 64 MiB, unless a single row does. A
    /// row's outputs do not depend on the other rows of the call.
    #[must_use]
    pub fn max_rows(&self) -> usize {
        self.session.max_rows()
    }

    /// The values that each row gets, in the order of the graph's outputs.
    #[must_use]
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// Predicts all rows in one call. Each output has `rows.len × width` values.
    ///
    /// # Errors
    /// When the graph fails on these rows. It may still run on other rows.
    pub fn run(&self, rows: &Rows) -> Result<Vec<Values>> {
        let inputs = self.ports.iter().zip(&self.shapes).zip(&rows.inputs);
        let tensors = inputs
            .map(|((port, shape), values)| tensors::from_values(port.element, shape, values, rows.len))
            .collect::<Result<Vec<_>>>()?;
        let outputs = self.session.run(tensors.into_iter().flatten().collect())?;
        let ports = outputs.iter().zip(&self.outputs);
        ports.map(|(tensor, port)| tensors::to_values(tensor, port, rows.len)).collect()
    }

    /// Runs one row of zeros and empty strings, so that the first record does not pay for one-time work.
    ///
    /// # Errors
    /// When the graph fails on that row.
    pub fn warm_up(&self) -> Result<()> {
        self.run(&self.zeros()).map(drop).context("the model fails on a row of zeros")
    }

    /// One row of zeros and empty strings.
    #[must_use]
    pub fn zeros(&self) -> Rows {
        Rows { inputs: self.ports.iter().map(tensors::zero_row).collect(), len: 1 }
    }

    /// The rows of the input example. `None` if the directory has none, or its format does not tell rows
    /// apart.
    ///
    /// # Errors
    /// When the example does not fit the inputs.
    pub fn example(&self, directory: &ModelDirectory) -> Result<Option<Rows>> {
        let Some(text) = directory.text(example::FILE, example::MAX_BYTES)? else { return Ok(None) };
        let rows = example::rows(&text, &self.ports).context(example::FILE)?;
        if rows.is_none() {
            tracing::info!("{} is not tested: its format does not tell rows and inputs apart", example::FILE);
        }
        Ok(rows)
    }

    /// Runs the rows of the input example.
    ///
    /// # Errors
    /// When the graph fails on them, or a prediction for them is not finite.
    pub fn test_example(&self, rows: &Rows) -> Result<()> {
        let outputs = self.run(rows).context("the model fails on this example").context(example::FILE)?;
        let finite = outputs.iter().all(|values| match values {
            Values::Float(v) => v.iter().all(|x| x.is_finite()),
            Values::Double(v) => v.iter().all(|x| x.is_finite()),
            _ => true,
        });
        ensure!(finite, "{}: expected finite predictions, found NaN or an infinity", example::FILE);
        Ok(())
    }
}
