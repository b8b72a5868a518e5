//! The feature plan: from a JSON document to one row of the model's inputs.
//!
//! A plan is compiled once, from the serving spec and the model's inputs. Every feature is resolved to slots
//! for the fields of a document, registers for values, and columns of an input. Every mismatch is an error at
//! that point.

pub mod vocabulary;

mod parts;
mod wiring;

mod compile;
mod feature;
mod input_plan;
mod step;
mod transforms;

mod computation;
mod decimal;
mod describe;
mod field_tree;
mod json_field;
mod literal;
mod operand;
mod problem;
mod row;
mod scope;
mod tables;
mod value;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::columns::{Port, Rows};
use crate::field_path::FieldPath;
use crate::rejected::Rejected;

use compile::{CompiledFeature, Compiler};
use field_tree::FieldTree;
use input_plan::InputPlan;
use operand::{Location, Source};
use problem::ProblemKind;
use scope::Operands as _;
use step::Step;
use wiring::ImpliedParts;

pub use feature::{FeatureSpec, InvalidSpec, MissingSpec, PolicySpec};
pub use literal::Literal;
pub use operand::Operand;
pub use parts::FeatureParts;
pub use row::Row;
pub use tables::Files;
pub use transforms::Transform;
pub use value::Type;

/// The most columns of all features together. Each takes memory for as long as documents are scored.
const MAX_REGISTERS: usize = 1 << 20;

/// About how many bytes take as long as a feature.
const STEP: usize = 16;

/// Makes rows of the model's inputs from documents.
///
/// ```
/// use serving_spec::columns::{Element, Port, Values};
/// use serving_spec::features::no_files;
/// use serving_spec::{FeaturePlan, ServingSpec};
///
/// let spec = ServingSpec::from_toml("[features]\nx = { log1p = \"/a\", default = -1 }").unwrap();
/// let port = Port { name: "x".into(), element: Element::Double, width: 1, keys: Vec::new() };
/// let plan = FeaturePlan::compile(&spec.feature_parts(), &[port], &[], &no_files)?;
///
/// let (mut row, mut rows) = (plan.row(), plan.rows());
/// plan.extract(br#"{"a": 0}"#, &mut row, &mut rows)?;
/// plan.extract(b"{}", &mut row, &mut rows)?;
/// assert_eq!(rows.inputs, [Values::Double(vec![0.0, -1.0])]);
/// # anyhow::Ok(())
/// ```
#[derive(Debug)]
pub struct FeaturePlan {
    fields: FieldTree,
    steps: Vec<Step>,
    registers: usize,
    inputs: Vec<InputPlan>,
    event_time: Option<Source>,
    features: Vec<PlannedFeature>,
}

/// A feature of a plan, for people to look at.
#[derive(Debug)]
struct PlannedFeature {
    name: String,
    transform: &'static str,
    compiled: CompiledFeature,
}

/// Finds no files. Use it for a spec without lookups.
///
/// # Errors
/// Always.
pub fn no_files(name: &str) -> Result<PathBuf> {
    bail!("there is no model directory with `{name}`")
}

impl FeaturePlan {
    /// Checks the features of a spec against the model's inputs, `ports`.
    ///
    /// If the spec has no features, the inputs are fields of the document by name. Documents are also
    /// searched for the fields `echoed`. `files` finds the tables that lookups read.
    ///
    /// # Errors
    /// When a feature is malformed, is not used or does not fit its input, or when nothing feeds an input.
    pub fn compile(spec: &FeatureParts, ports: &[Port], echoed: &[FieldPath], files: &Files) -> Result<Self> {
        for name in spec.inputs.keys() {
            let is_known = ports.iter().any(|port| port.name == *name);
            ensure!(is_known, "[inputs] names `{name}`; {}", wiring::list(ports));
        }
        let is_implied = spec.features.is_empty();
        let implied = is_implied.then(|| ImpliedParts::of(spec.inputs, ports));
        let spec = match &implied {
            Some(ImpliedParts { features, inputs }) => FeatureParts { features, inputs, ..*spec },
            None => *spec,
        };
        for name in spec.features.keys() {
            let is_name = is_implied || !(name.is_empty() || name.starts_with('/'));
            ensure!(
                is_name,
                "feature `{name}`{}: expected a name that is not empty and does not begin with `/`",
                spec.line(name)
            );
        }
        let mut compiler = Compiler::new(spec, is_implied, files);
        let event_time = spec.event_time.map(|operand| compiler.operand(operand));
        let event_time = event_time.transpose().context("event_time")?;
        if let Some(source) = &event_time {
            let is_time = source.ty != Type::Bool && !matches!(source.location, Location::Literal(_));
            ensure!(
                is_time,
                "event_time: expected a field, or a feature that is a date or a number of seconds"
            );
        }
        let features = Self::features(&spec, &mut compiler)?;

        let mut inputs = Vec::with_capacity(ports.len());
        for port in ports {
            let names = wiring::features_for(port, &spec, ports, compiler.unused())?;
            let label = || format!("input `{}` ({})", port.name, port.element.name());
            let features = names.iter().map(|name| {
                let feature = compiler.named(name).with_context(label)?;
                Ok((name.as_str(), feature))
            });
            let features = features.collect::<Result<Vec<_>>>()?;
            inputs.push(InputPlan::compile(port, &features).with_context(label)?);
        }
        if let Some(name) = compiler.unused().next() {
            bail!(
                "feature `{name}`{} feeds no input and no feature; {}",
                spec.line(name),
                wiring::list(ports)
            );
        }
        Self::finish(compiler, inputs, event_time, features, echoed)
    }

    /// Compiles the features alone, without a model. [`FeaturePlan::values`] then gives their values.
    ///
    /// # Errors
    /// When a feature is malformed.
    pub fn of_features(spec: &FeatureParts, files: &Files) -> Result<Self> {
        let mut compiler = Compiler::new(*spec, false, files);
        let features = Self::features(spec, &mut compiler)?;
        Self::finish(compiler, Vec::new(), None, features, &[])
    }

    fn features(spec: &FeatureParts, compiler: &mut Compiler) -> Result<Vec<PlannedFeature>> {
        let features = spec.features.iter().map(|(name, feature)| {
            let transform = feature.transform.key();
            Ok(PlannedFeature { name: name.clone(), transform, compiled: compiler.feature(name)? })
        });
        features.collect()
    }

    fn finish(
        compiler: Compiler,
        inputs: Vec<InputPlan>,
        event_time: Option<Source>,
        features: Vec<PlannedFeature>,
        echoed: &[FieldPath],
    ) -> Result<Self> {
        let (wanted, steps, registers) = compiler.finish();
        ensure!(
            registers <= MAX_REGISTERS,
            "expected features of at most {MAX_REGISTERS} columns in all, found {registers}"
        );
        let fields = FieldTree::new(wanted.into_iter().chain(echoed.iter().cloned()));
        Ok(Self { fields, steps, registers, inputs, event_time, features })
    }

    /// Makes the working memory for [`FeaturePlan::extract`], which documents share one after the other.
    #[must_use]
    pub fn row<'a>(&self) -> Row<'a> {
        Row::new(self.fields.count(), self.registers)
    }

    /// Returns the slot of a field in a [`Row`], or `None` if the plan does not read the field.
    #[must_use]
    pub fn slot(&self, path: &FieldPath) -> Option<usize> {
        self.fields.slot(path)
    }

    /// The most entries of a sparse row; 0 if no row is sparse.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.inputs.iter().filter(|input| input.is_sparse()).map(InputPlan::elements).max().unwrap_or(0)
    }

    /// Makes an empty batch of rows.
    #[must_use]
    pub fn rows(&self) -> Rows {
        Rows { inputs: self.inputs.iter().map(InputPlan::empty).collect(), len: 0 }
    }

    /// Appends the row of `document` to `rows`. The fields of the document stay in `row`.
    ///
    /// # Errors
    /// When the document is malformed or a value does not fit. `rows` is then unchanged.
    #[inline]
    pub fn extract<'a>(
        &self,
        document: &'a [u8],
        row: &mut Row<'a>,
        rows: &mut Rows,
    ) -> Result<(), Rejected> {
        self.compute(document, row)?;
        for (index, input) in self.inputs.iter().enumerate() {
            if let Err(rejected) = input.push(row, &mut rows.inputs[index]).and_then(|()| row.check()) {
                for (input, values) in self.inputs.iter().zip(&mut rows.inputs) {
                    values.truncate(rows.len * input.elements());
                }
                return Err(rejected);
            }
        }
        rows.len += 1;
        Ok(())
    }

    /// Runs the steps for `document`.
    fn compute<'a>(&self, document: &'a [u8], row: &mut Row<'a>) -> Result<(), Rejected> {
        row.next();
        row.spend(document.len())?;
        self.fields.extract(document, &mut row.fields)?;
        for step in &self.steps {
            let built = row.built_bytes();
            step.run(row)?;
            row.check()?;
            // A step may read the whole document.
            row.spend(STEP + document.len() / 8 + row.built_bytes() - built)?;
        }
        if let Some(source) = &self.event_time {
            let time = transforms::event_time(source, row).map_err(|problem| match problem.kind {
                ProblemKind::Rejected => *problem.reason,
                _ => Rejected::Feature { feature: "event_time".to_owned(), reason: problem.reason },
            })?;
            row.event_time = Some(time);
        }
        row.check()
    }
}

#[cfg(test)]
mod tests;
