//! Describes the graph: what it declares, and how it is served if it can run.

use onnx_ml::summary::{Declared, Summary};

use crate::model::Model;
use serving_spec::columns::Port;

use super::report::Report;

/// The number of names that are shown of a list.
const SHOWN: usize = 5;

/// The most inputs or outputs that are shown.
const MAX_PORTS: usize = 100;

pub(super) fn describe(report: &mut Report, summary: &Summary, model: Option<&Model>) {
    report.line("graph", &format!("IR version {}", summary.ir_version));
    let opsets: Vec<String> =
        summary.opsets.iter().map(|(domain, version)| format!("{domain} {version}")).collect();
    report.detail("opsets", &opsets.join(", "));
    let operators: Vec<String> =
        summary.operators.iter().map(|(operator, count)| format!("{operator} {count}")).collect();
    report.detail("operators", &operators.join(", "));
    ports(report, "input", &summary.inputs, model.map_or(&[], Model::inputs));
    ports(report, "output", &summary.outputs, model.map_or(&[], Model::outputs));
}

fn ports(report: &mut Report, label: &str, declared: &[Declared], served: &[Port]) {
    for (at, declared) in declared.iter().enumerate().take(MAX_PORTS) {
        let served = match served.get(at) {
            Some(Port { keys, .. }) if !keys.is_empty() => {
                format!(", {} keys: {}", keys.len(), some_of(keys))
            }
            Some(Port { element, width: 1, .. }) => format!(", one {} a row", element.name()),
            Some(Port { element, width, .. }) => format!(", {width} {}s a row", element.name()),
            None => String::new(),
        };
        report.detail(label, &format!("`{}` {declared}{served}", declared.name));
    }
    if let Some(more @ 1..) = declared.len().checked_sub(MAX_PORTS) {
        report.detail(label, &format!("{more} more"));
    }
}

/// Joins the first names of a list, and counts the others.
pub(super) fn some_of(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
