//! Operators on a row for each record: floats, and integers.

use arbitrary::Result;
use tract_onnx::pb::tensor_proto::DataType;

use super::growing::{Growing, Kind, whole};
use crate::onnx::*;

/// Functions of one float.
pub const FUNCTIONS: [&str; 14] = [
    "Abs",
    "Exp",
    "Log",
    "Sqrt",
    "Sigmoid",
    "Tanh",
    "Neg",
    "Relu",
    "Floor",
    "Erf",
    "Sin",
    "Reciprocal",
    "Sign",
    "Ceil",
];

/// The most columns that a value gets.
const WIDEST: usize = 4_096;

fn weights(count: usize) -> Vec<f32> {
    (0..count).map(|index| (index % 7) as f32 - 3.0).collect()
}

/// Adds an operator on floats of this width.
pub fn grow(graph: &mut Growing<'_, '_>, value: &str, width: usize) -> Result<()> {
    let (name, columns) = match graph.bytes.int_in_range(0..=3)? {
        0 => (of_the_same_width(graph, value, width)?, width),
        1 => of_another_width(graph, value, width)?,
        2 => learned(graph, value, width)?,
        _ => return of_another_kind(graph, value, width),
    };
    if columns <= WIDEST {
        graph.value(name, Kind::Rows(columns));
    }
    Ok(())
}

fn of_the_same_width(graph: &mut Growing<'_, '_>, value: &str, width: usize) -> Result<String> {
    Ok(match graph.bytes.int_in_range(0..=8)? {
        0 => {
            let function = *graph.bytes.choose(&FUNCTIONS)?;
            graph.node(function, &[value], vec![])
        }
        1 => {
            let (other, _) = graph.last(|kind| kind == Kind::Rows(width)).expect("this value");
            let op = *graph.bytes.choose(&["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"])?;
            graph.node(op, &[value, &other], vec![])
        }
        2 => {
            let attributes = vec![floats("offset", &weights(width)), floats("scale", &weights(width))];
            graph.node("Scaler", &[value], attributes)
        }
        3 => {
            let norm = *graph.bytes.choose(&["MAX", "L1", "L2"])?;
            graph.node("Normalizer", &[value], vec![string("norm", norm)])
        }
        4 => graph.node("Binarizer", &[value], vec![float("threshold", 0.5)]),
        5 => {
            let values = floats("imputed_value_floats", &weights(width));
            graph.node("Imputer", &[value], vec![values, float("replaced_value_float", 1.0)])
        }
        6 => graph.node("Softmax", &[value], vec![int("axis", 1)]),
        7 => {
            let axis = graph.integers(&[], &[1]);
            graph.node("CumSum", &[value, &axis], vec![])
        }
        _ => match graph.last(|kind| kind == Kind::Number) {
            Some((number, _)) => graph.node("Add", &[value, &number], vec![]),
            None => graph.node("Identity", &[value], vec![]),
        },
    })
}

/// Returns the name of the rows, and their width.
fn of_another_width(graph: &mut Growing<'_, '_>, value: &str, width: usize) -> Result<(String, usize)> {
    Ok(match graph.bytes.int_in_range(0..=6)? {
        0 => {
            let (other, kind) = graph.last(|kind| matches!(kind, Kind::Rows(_))).expect("the input");
            let Kind::Rows(more) = kind else { unreachable!("only rows are taken") };
            (graph.node("Concat", &[value, &other], vec![int("axis", 1)]), width + more)
        }
        1 => {
            let op = *graph.bytes.choose(&[
                "ReduceMax",
                "ReduceMin",
                "ReduceMean",
                "ReduceL2",
                "ReduceLogSumExp",
            ])?;
            (graph.node(op, &[value], vec![ints("axes", &[1])]), 1)
        }
        2 => {
            let columns = *graph.bytes.choose(&[1, 5, 300])?;
            let op = *graph.bytes.choose(&["Gather", "ArrayFeatureExtractor"])?;
            let places: Vec<i64> = (0..columns).map(|column| whole(column * 5 % width)).collect();
            let places = graph.integers(&[columns], &places);
            let attributes = if op == "Gather" { vec![int("axis", 1)] } else { vec![] };
            (graph.node(op, &[value, &places], attributes), columns)
        }
        3 => {
            let times = *graph.bytes.choose(&[2, 10, 1_000])?;
            let repeats = graph.integers(&[2], &[1, whole(times)]);
            (graph.node("Tile", &[value, &repeats], vec![]), width * times)
        }
        4 => {
            let pads = *graph.bytes.choose(&[1, 100, 4_000])?;
            let ends = graph.integers(&[4], &[0, 0, 0, whole(pads)]);
            (graph.node("Pad", &[value, &ends], vec![]), width + pads)
        }
        5 => {
            let known = *graph.bytes.choose(&[2, 40, 1_000])?;
            let categories: Vec<i64> = (0..whole(known)).collect();
            let columns = graph.node("OneHotEncoder", &[value], vec![ints("cats_int64s", &categories)]);
            (graph.reshape(&columns, &[0, whole(width * known)]), width * known)
        }
        _ => {
            let best = width.div_ceil(2);
            let count = graph.integers(&[1], &[whole(best)]);
            (graph.node("TopK", &[value, &count], vec![int("axis", 1)]), best)
        }
    })
}

/// Operators with weights. Returns the name of the rows, and their width.
fn learned(graph: &mut Growing<'_, '_>, value: &str, width: usize) -> Result<(String, usize)> {
    Ok(match graph.bytes.int_in_range(0..=4)? {
        0 => {
            let targets = *graph.bytes.choose(&[1, 3, 64])?;
            let coefficients = floats("coefficients", &weights(width * targets));
            (
                graph.node("LinearRegressor", &[value], vec![coefficients, int("targets", whole(targets))]),
                targets,
            )
        }
        1 => {
            let columns = *graph.bytes.choose(&[1, 2, 16, 256])?;
            let matrix = graph.floats(&[width, columns], weights(width * columns));
            (graph.node("MatMul", &[value, &matrix], vec![]), columns)
        }
        2 => {
            let tree = stump(graph.bytes.choose(&["BRANCH_LEQ", "BRANCH_GT", "BRANCH_EQ"])?, vec![]);
            let attributes = tree.graph.expect("a graph").node.remove(0).attribute;
            (graph.node("TreeEnsembleRegressor", &[value], attributes), 1)
        }
        3 => {
            let vectors = *graph.bytes.choose(&[1, 4, 200])?;
            let kernel = *graph.bytes.choose(&["LINEAR", "RBF", "POLY", "SIGMOID"])?;
            let attributes = vec![
                string("kernel_type", kernel),
                floats("kernel_params", &[0.5, 1.0, 3.0]),
                floats("coefficients", &weights(vectors)),
                floats("support_vectors", &weights(vectors * width)),
                floats("rho", &[0.5]),
                int("n_supports", whole(vectors)),
            ];
            (graph.node("SVMRegressor", &[value], attributes), 1)
        }
        _ => {
            let others = *graph.bytes.choose(&[1, 8, 500])?;
            let metric = *graph.bytes.choose(&["euclidean", "sqeuclidean"])?;
            let matrix = graph.floats(&[others, width], weights(others * width));
            (graph.node("CDist", &[value, &matrix], vec![string("metric", metric)]), others)
        }
    })
}

/// A number for all records; texts or integers, if there is one column.
fn of_another_kind(graph: &mut Growing<'_, '_>, value: &str, width: usize) -> Result<()> {
    let (name, kind) = match graph.bytes.int_in_range(0..=2)? {
        0 if width == 1 => {
            let texts = graph.node("Cast", &[value], vec![int("to", DataType::String as i64)]);
            (graph.reshape(&texts, &[-1]), Kind::Texts)
        }
        1 if width == 1 => {
            (graph.node("Cast", &[value], vec![int("to", DataType::Int64 as i64)]), Kind::Integers)
        }
        _ => {
            let op = *graph.bytes.choose(&["ReduceMax", "ReduceMin", "ReduceMean", "ReduceL2"])?;
            (graph.node(op, &[value], vec![int("keepdims", 0)]), Kind::Number)
        }
    };
    graph.value(name, kind);
    Ok(())
}

/// Adds an operator on an integer for each record.
pub fn grow_integers(graph: &mut Growing<'_, '_>, value: &str) -> Result<()> {
    let (name, kind) = match graph.bytes.int_in_range(0..=2)? {
        0 => (graph.node("Cast", &[value], vec![int("to", DataType::Float as i64)]), Kind::Rows(1)),
        1 => {
            let length = *graph.bytes.choose(&[0, 1, 1_000, 100_000])?;
            let long = "x".repeat(length);
            let attributes = vec![
                ints("keys_int64s", &[0, 1, 2]),
                strings("values_strings", &["a", "b ab", &long]),
                string("default_string", &long),
            ];
            let texts = graph.node("LabelEncoder", &[value], attributes);
            (graph.reshape(&texts, &[-1]), Kind::Texts)
        }
        _ => {
            let depth = *graph.bytes.choose(&[2, 100, 4_000])?;
            let depth_of = graph.integers(&[], &[whole(depth)]);
            let (off_on, flat) = (graph.floats(&[2], vec![0.0, 1.0]), graph.reshape(value, &[-1]));
            (graph.node("OneHot", &[&flat, &depth_of, &off_on], vec![]), Kind::Rows(depth))
        }
    };
    graph.value(name, kind);
    Ok(())
}
