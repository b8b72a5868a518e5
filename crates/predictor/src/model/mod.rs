//! The model: from a directory that MLflow wrote to predictions for a batch of rows.

pub mod directory;
mod example;
pub mod mlmodel;
pub mod signature;
mod tensors;

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use onnx_ml::{Dimension, Graph, Session};

use serving_spec::ServingSpec;
use serving_spec::columns::{Port, Rows, Values};

use directory::ModelDirectory;
use mlmodel::MlModel;

/// The graph's file where `MLmodel` names none.
pub const DEFAULT_FILE: &str = "model.onnx";

/// The serving spec's file.
const SPEC_FILE: &str = "serving.toml";

/// No serving spec is nearly as large.
const MAX_SPEC_BYTES: usize = 1 << 20;

/// A model, ready to predict.
#[derive(Debug)]
pub struct Model {
    session: Session,
    ports: Vec<Port>,
    /// The shapes of the inputs.
    shapes: Vec<Vec<Dimension>>,
    outputs: Vec<Port>,
}

/// What a model directory says beside the graph.
#[derive(Debug, Clone)]
pub struct Description {
    /// The graph's file.
    pub file: String,
    /// The serving spec; an empty one where there is none.
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
            "two serving specs: {SPEC_FILE}, and `metadata.serving` in MLmodel; keep one"
        );
        let spec = beside.or(within).unwrap_or_default();
        let run_id = mlmodel.as_ref().and_then(|mlmodel| mlmodel.run_id.clone());
        // MLflow 3 writes the artifacts' address here, which is no name.
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
    /// Loads the graph of a directory, with the number of rows left open.
    ///
    /// # Errors
    /// When it is no ONNX model, or one that can't be served.
    pub fn load(directory: &ModelDirectory, file: &str) -> Result<Self> {
        Self::read(&directory.file(file)?).context(file.to_owned())
    }

    fn read(path: &Path) -> Result<Self> {
        let graph = Graph::read(path)?;
        let inputs = graph
            .inputs
            .iter()
            .map(|input| tensors::input_port(input).with_context(|| format!("input `{}`", input.name)));
        let (ports, shapes): (Vec<_>, Vec<_>) = inputs.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let session = Session::new(&graph, &shapes)?;
        let outputs = graph.outputs.iter().enumerate().map(|(index, output)| {
            tensors::output_port(output, session.output_fact(index)?, &session.rows())
                .with_context(|| format!("output `{}`", output.name))
        });
        let outputs = outputs.collect::<Result<_>>()?;
        Ok(Self { session, ports, shapes, outputs })
    }

    /// What each row needs, in the order of the graph's inputs.
    #[must_use]
    pub fn inputs(&self) -> &[Port] {
        &self.ports
    }

    /// How many rows a call may have, for no tensor on the way to take more than 64 MiB unless one row does. What a row gets
    /// does not depend on the others: they are those that happened to arrive with it.
    #[must_use]
    pub fn max_rows(&self) -> usize {
        self.session.max_rows()
    }

    /// What each row gets, in the order of the graph's outputs.
    #[must_use]
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// Predicts all rows in one call: for each output `rows.len × width` values.
    ///
    /// # Errors
    /// When the graph fails on these rows; it then may still run on others.
    pub fn run(&self, rows: &Rows) -> Result<Vec<Values>> {
        let inputs = self.ports.iter().zip(&self.shapes).zip(&rows.inputs);
        let tensors = inputs
            .map(|((port, shape), values)| tensors::from_values(port.element, shape, values, rows.len))
            .collect::<Result<Vec<_>>>()?;
        let outputs = self.session.run(tensors.into_iter().flatten().collect())?;
        let ports = outputs.iter().zip(&self.outputs);
        ports.map(|(tensor, port)| tensors::to_values(tensor, port, rows.len)).collect()
    }

    /// Runs one row of zeros and empty strings, so that the first record pays for nothing that is made once.
    ///
    /// # Errors
    /// When the graph fails on it.
    pub fn warm_up(&self) -> Result<()> {
        self.run(&self.zeros()).map(drop).context("the model fails on a row of zeros")
    }

    /// One row of zeros and empty strings.
    #[must_use]
    pub fn zeros(&self) -> Rows {
        Rows { inputs: self.ports.iter().map(tensors::zero_row).collect(), len: 1 }
    }

    /// The rows of the input example, if the directory has one in a form that rows can be read from.
    ///
    /// # Errors
    /// When it does not fit the inputs.
    pub fn example(&self, directory: &ModelDirectory) -> Result<Option<Rows>> {
        let Some(text) = directory.text(example::FILE, example::MAX_BYTES)? else { return Ok(None) };
        let rows = example::rows(&text, &self.ports).context(example::FILE)?;
        if rows.is_none() {
            tracing::info!("{} is not in a form that rows can be read from: not tested", example::FILE);
        }
        Ok(rows)
    }

    /// Runs the rows of the input example.
    ///
    /// # Errors
    /// When the graph fails on them, or a prediction for them is not finite.
    pub fn test_example(&self, rows: &Rows) -> Result<()> {
        let outputs = self.run(rows).context("the model fails on it").context(example::FILE)?;
        let finite = outputs.iter().all(|values| match values {
            Values::Float(v) => v.iter().all(|x| x.is_finite()),
            Values::Double(v) => v.iter().all(|x| x.is_finite()),
            _ => true,
        });
        ensure!(finite, "{}: a prediction for it is not finite", example::FILE);
        Ok(())
    }
}
