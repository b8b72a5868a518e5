//! The model: from a directory that MLflow wrote to predictions for a batch of rows.

pub mod directory;
mod example;
mod graph;
pub mod mlmodel;
mod ops;
mod tensors;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use tract_onnx::prelude::*;

use crate::columns::{Port, Rows, Values};
use crate::spec::ServingSpec;

use directory::ModelDirectory;
use graph::{Graph, Input};
use mlmodel::MlModel;

pub use example::Example;

/// The graph's file where `MLmodel` names none.
const DEFAULT_FILE: &str = "model.onnx";

/// The serving spec's file.
const SPEC_FILE: &str = "serving.toml";

/// No serving spec is nearly as large.
const MAX_SPEC_BYTES: usize = 1 << 20;

/// A model, ready to predict.
#[derive(Debug)]
pub struct Model {
    plan: Arc<TypedRunnableModel>,
    inputs: Vec<Input>,
    ports: Vec<Port>,
    outputs: Vec<Port>,
}

/// What a model directory says beside the graph.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// The serving spec; an empty one where there is none.
    pub spec: ServingSpec,
    /// The run that logged the model.
    pub run_id: Option<String>,
    /// The name under which the run logged it.
    pub name: Option<String>,
}

/// Reads `MLmodel` and the serving spec: what they say, and the graph's file.
///
/// # Errors
/// When one of them is malformed, the model is not of the ONNX flavor, or there are two serving specs.
pub fn describe(directory: &ModelDirectory) -> Result<(Description, String)> {
    let mlmodel = directory.text(mlmodel::FILE, mlmodel::MAX_BYTES)?;
    let mlmodel = mlmodel.map(|text| MlModel::parse(&text)).transpose()?;
    let file = match &mlmodel {
        Some(mlmodel) => mlmodel.onnx_file()?.to_owned(),
        None => DEFAULT_FILE.to_owned(),
    };
    let beside = directory.text(SPEC_FILE, MAX_SPEC_BYTES)?;
    let beside = beside.map(|text| parse_spec(&text)).transpose()?;
    let within = mlmodel.as_ref().and_then(|mlmodel| mlmodel.serving().cloned());
    let spec = match (beside, within) {
        (Some(_), Some(_)) => {
            bail!("two serving specs: {SPEC_FILE}, and `metadata.serving` in MLmodel; keep one")
        }
        (beside, within) => beside.or(within).unwrap_or_default(),
    };
    let run_id = mlmodel.as_ref().and_then(|mlmodel| mlmodel.run_id.clone());
    // MLflow 3 writes the artifacts' address here, which is no name.
    let name = mlmodel.and_then(|mlmodel| mlmodel.artifact_path).filter(|path| !path.contains(':'));
    Ok((Description { spec, run_id, name }, file))
}

fn parse_spec(text: &str) -> Result<ServingSpec> {
    toml::from_str(text).map_err(|error| {
        let place =
            error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        anyhow!("{SPEC_FILE}, line {place}: {}", error.message())
    })
}

impl Model {
    /// Loads the graph of a directory, with the number of rows left open.
    ///
    /// # Errors
    /// When it is no ONNX model, or one that can't be served.
    pub fn load(directory: &ModelDirectory, file: &str) -> Result<Self> {
        let path = directory.file(file)?;
        let onnx = ops::onnx();
        let graph = Graph::read(&path, |operator| onnx.op_register.0.contains_key(operator))
            .context(file.to_owned())?;
        // A hostile graph may reach an assertion of tract's: that is a bad model, not a crash.
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            Self::prepare(&onnx, graph, path.parent().and_then(|p| p.to_str()))
        }));
        loaded.unwrap_or_else(|_| Err(anyhow!("the graph is malformed"))).context(file.to_owned())
    }

    fn prepare(onnx: &tract_onnx::Onnx, graph: Graph, folder: Option<&str>) -> Result<Self> {
        let parsed = onnx.parse(&graph.proto, folder)?;
        ensure!(
            parsed.unresolved_inputs.is_empty(),
            "the graph reads what nothing gives: {}",
            parsed.unresolved_inputs.join(", ")
        );
        let mut model = parsed.model;
        let rows = model.symbols.sym("N");
        let entries = model.symbols.sym("K");
        let facts = graph.inputs.iter().flat_map(|input| tensors::facts(input, &rows, &entries));
        for (index, fact) in facts.enumerate() {
            model.set_input_fact(index, fact)?;
        }
        let model = model.into_optimized()?;
        let outputs = graph
            .outputs
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let fact = model.output_fact(index)?;
                tensors::output_port(name, fact, &rows).with_context(|| format!("output `{name}`"))
            })
            .collect::<Result<_>>()?;
        let ports = graph.inputs.iter().map(|input| input.port.clone()).collect();
        Ok(Self { plan: model.into_runnable()?, inputs: graph.inputs, ports, outputs })
    }

    /// What each row needs, in the order of the graph's inputs.
    #[must_use]
    pub fn inputs(&self) -> &[Port] {
        &self.ports
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
        let call = || {
            let inputs = self.inputs.iter().zip(&rows.inputs);
            let tensors = inputs
                .map(|(input, values)| tensors::from_values(input, values, rows.len))
                .collect::<Result<Vec<_>>>()?;
            let outputs = self.plan.run(tensors.into_iter().flatten().collect())?;
            outputs
                .iter()
                .zip(&self.outputs)
                .map(|(tensor, port)| tensors::to_values(tensor, port, rows.len))
                .collect::<Result<Vec<_>>>()
        };
        // What arrives in a record must not end the process, whatever an operator makes of it.
        catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(anyhow!("an operator panicked")))
    }

    /// Runs one row of zeros and empty strings, so that the first record pays for nothing that is made once.
    ///
    /// # Errors
    /// When the graph fails on it.
    pub fn warm_up(&self) -> Result<()> {
        let inputs = self.ports.iter().map(tensors::zero_row).collect();
        self.run(&Rows { inputs, len: 1 }).map(drop).context("the model fails on a row of zeros")
    }
}
