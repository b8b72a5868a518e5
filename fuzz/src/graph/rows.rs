//! Operators on a row for each record: floats, and integers.

use arbitrary::Result;
use tract_onnx::pb::tensor_proto::DataType;

use super::growing::{Growing, Kind};
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

/// Adds an operator on floats of this width.
pub fn grow(graph: &mut Growing<'_, '_>, value: &str, width: usize) -> Result<()> {
    let weights = |count: usize| (0..count).map(|index| (index % 7) as f32 - 3.0).collect::<Vec<_>>();
    let name = match graph.bytes.int_in_range(0..=22)? {
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
            let Some((other, Kind::Rows(more))) = graph.last(|kind| matches!(kind, Kind::Rows(_))) else {
                return Ok(());
            };
            return wider(graph, width + more, |graph| {
                graph.node("Concat", &[value, &other], vec![int("axis", 1)])
            });
        }
        3 => {
            let attributes = vec![floats("offset", &weights(width)), floats("scale", &weights(width))];
            graph.node("Scaler", &[value], attributes)
        }
        4 => {
            let norm = *graph.bytes.choose(&["MAX", "L1", "L2"])?;
            graph.node("Normalizer", &[value], vec![string("norm", norm)])
        }
        5 => graph.node("Binarizer", &[value], vec![float("threshold", 0.5)]),
        6 => {
            let attributes =
                vec![floats("imputed_value_floats", &weights(width)), float("replaced_value_float", 1.0)];
            graph.node("Imputer", &[value], attributes)
        }
        7 => {
            let targets = *graph.bytes.choose(&[1, 3, 64])?;
            return wider(graph, targets, |graph| {
                let weights = weights(width * targets);
                let attributes = vec![floats("coefficients", &weights), int("targets", targets as i64)];
                graph.node("LinearRegressor", &[value], attributes)
            });
        }
        8 => {
            let columns = *graph.bytes.choose(&[1, 2, 16, 256])?;
            return wider(graph, columns, |graph| {
                let matrix = graph.floats(&[width, columns], weights(width * columns));
                graph.node("MatMul", &[value, &matrix], vec![])
            });
        }
        9 => {
            let op = *graph.bytes.choose(&[
                "ReduceMax",
                "ReduceMin",
                "ReduceMean",
                "ReduceL2",
                "ReduceLogSumExp",
            ])?;
            let of_all = graph.bytes.ratio(1, 2)?;
            if of_all {
                let name = graph.node(op, &[value], vec![int("keepdims", 0)]);
                graph.value(name, Kind::Number);
                return Ok(());
            }
            return wider(graph, 1, |graph| graph.node(op, &[value], vec![ints("axes", &[1])]));
        }
        10 if width == 1 => {
            let texts = graph.node("Cast", &[value], vec![int("to", DataType::String as i64)]);
            let texts = graph.reshape(&texts, &[-1]);
            graph.value(texts, Kind::Texts);
            return Ok(());
        }
        11 if width == 1 => {
            let integers = graph.node("Cast", &[value], vec![int("to", DataType::Int64 as i64)]);
            graph.value(integers, Kind::Integers);
            return Ok(());
        }
        12 => {
            let columns = *graph.bytes.choose(&[1, 5, 300])?;
            let op = *graph.bytes.choose(&["Gather", "ArrayFeatureExtractor"])?;
            return wider(graph, columns, |graph| {
                let places: Vec<i64> = (0..columns).map(|column| (column * 5 % width) as i64).collect();
                let places = graph.integers(&[columns], &places);
                let attributes = if op == "Gather" { vec![int("axis", 1)] } else { vec![] };
                graph.node(op, &[value, &places], attributes)
            });
        }
        13 => {
            let times = *graph.bytes.choose(&[2, 10, 1_000])?;
            return wider(graph, width * times, |graph| {
                let times = graph.integers(&[2], &[1, times as i64]);
                graph.node("Tile", &[value, &times], vec![])
            });
        }
        14 => {
            let categories = *graph.bytes.choose(&[2, 40, 1_000])?;
            return wider(graph, width * categories, |graph| {
                let known: Vec<i64> = (0..categories as i64).collect();
                let columns = graph.node("OneHotEncoder", &[value], vec![ints("cats_int64s", &known)]);
                graph.reshape(&columns, &[0, (width * categories) as i64])
            });
        }
        15 => {
            let tree = stump(graph.bytes.choose(&["BRANCH_LEQ", "BRANCH_GT", "BRANCH_EQ"])?, vec![]);
            let attributes = tree.graph.expect("a graph").node.remove(0).attribute;
            return wider(graph, 1, |graph| graph.node("TreeEnsembleRegressor", &[value], attributes));
        }
        16 => {
            let vectors = *graph.bytes.choose(&[1, 4, 200])?;
            let kernel = *graph.bytes.choose(&["LINEAR", "RBF", "POLY", "SIGMOID"])?;
            return wider(graph, 1, |graph| {
                let attributes = vec![
                    string("kernel_type", kernel),
                    floats("kernel_params", &[0.5, 1.0, 3.0]),
                    floats("coefficients", &weights(vectors)),
                    floats("support_vectors", &weights(vectors * width)),
                    floats("rho", &[0.5]),
                    int("n_supports", vectors as i64),
                ];
                graph.node("SVMRegressor", &[value], attributes)
            });
        }
        17 => {
            let others = *graph.bytes.choose(&[1, 8, 500])?;
            let metric = *graph.bytes.choose(&["euclidean", "sqeuclidean"])?;
            return wider(graph, others, |graph| {
                let matrix = graph.floats(&[others, width], weights(others * width));
                graph.node("CDist", &[value, &matrix], vec![string("metric", metric)])
            });
        }
        18 => graph.node("Softmax", &[value], vec![int("axis", 1)]),
        19 => {
            let axis = graph.integers(&[], &[1]);
            graph.node("CumSum", &[value, &axis], vec![])
        }
        20 => {
            let Some((number, _)) = graph.last(|kind| kind == Kind::Number) else { return Ok(()) };
            graph.node("Add", &[value, &number], vec![])
        }
        21 => {
            let pads = *graph.bytes.choose(&[1, 100, 4_000])?;
            return wider(graph, width + pads, |graph| {
                let pads = graph.integers(&[4], &[0, 0, 0, pads as i64]);
                graph.node("Pad", &[value, &pads], vec![])
            });
        }
        _ => {
            let best = width.div_ceil(2);
            return wider(graph, best, |graph| {
                let best = graph.integers(&[1], &[best as i64]);
                graph.node("TopK", &[value, &best], vec![int("axis", 1)])
            });
        }
    };
    graph.value(name, Kind::Rows(width));
    Ok(())
}

/// Adds rows of another width, unless they are too wide.
fn wider(
    graph: &mut Growing<'_, '_>,
    width: usize,
    of: impl FnOnce(&mut Growing<'_, '_>) -> String,
) -> Result<()> {
    if width <= WIDEST {
        let name = of(graph);
        graph.value(name, Kind::Rows(width));
    }
    Ok(())
}

/// Adds an operator on an integer for each record.
pub fn grow_integers(graph: &mut Growing<'_, '_>, value: &str) -> Result<()> {
    match graph.bytes.int_in_range(0..=2)? {
        0 => {
            let floats = graph.node("Cast", &[value], vec![int("to", DataType::Float as i64)]);
            graph.value(floats, Kind::Rows(1));
        }
        1 => {
            let length = *graph.bytes.choose(&[0, 1, 1_000, 100_000])?;
            let long = "x".repeat(length);
            let attributes = vec![
                ints("keys_int64s", &[0, 1, 2]),
                strings("values_strings", &["a", "b ab", &long]),
                string("default_string", &long),
            ];
            let texts = graph.node("LabelEncoder", &[value], attributes);
            let texts = graph.reshape(&texts, &[-1]);
            graph.value(texts, Kind::Texts);
        }
        _ => {
            let depth = *graph.bytes.choose(&[2, 100, 4_000])?;
            let depth_of = graph.integers(&[], &[depth as i64]);
            let (off_on, flat) = (graph.floats(&[2], vec![0.0, 1.0]), graph.reshape(value, &[-1]));
            let columns = graph.node("OneHot", &[&flat, &depth_of, &off_on], vec![]);
            graph.value(columns, Kind::Rows(depth));
        }
    }
    Ok(())
}
