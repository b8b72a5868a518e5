//! The serving spec, against what the model takes and gives.

use anyhow::Context;

use crate::features::FeaturePlan;
use crate::model::Model;
use crate::prediction::ResultPlan;
use crate::spec::ServingSpec;

use super::report::Report;

pub(super) fn compare(report: &mut Report, spec: &ServingSpec, model: &Model) {
    let list = |names: Vec<&String>, none: &str| match names.as_slice() {
        [] => none.to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    report.line("serving spec", if *spec == ServingSpec::default() { "none" } else { "given" });
    report.detail("features", &list(spec.features.keys().collect(), "the inputs by name"));
    report.detail("result", &list(spec.result.keys().collect(), "the outputs by name"));
    let result = ResultPlan::compile(spec, model.outputs(), "", "").context("serving spec");
    let echoed = report.keep(result).map(|result| result.echoed()).unwrap_or_default();
    report.keep(FeaturePlan::compile(spec, model.inputs(), &echoed).context("serving spec"));
}
