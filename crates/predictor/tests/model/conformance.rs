//! The conformance runner passes the models that compute the expected outputs, and fails the others. All
//! models of the zoo pass.

use std::path::Path;
use std::process::Command;

use crate::support::onnx::*;
use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::*;

/// The standard output of the runner, and its exit code.
fn run(folder: &Path) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_conformance")).arg(folder).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

fn write(path: &Path, message: &impl Message) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, message.encode_to_vec()).unwrap();
}

fn floats(dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

fn integers(dims: &[i64], values: &[i64]) -> TensorProto {
    TensorProto {
        dims: dims.to_vec(),
        data_type: DataType::Int64 as i32,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

fn words(dims: &[i64], values: &[&str]) -> TensorProto {
    TensorProto {
        dims: dims.to_vec(),
        data_type: DataType::String as i32,
        string_data: values.iter().map(|value| value.as_bytes().to_vec()).collect(),
        ..TensorProto::default()
    }
}

fn identity(element: DataType) -> ModelProto {
    let mut input = float_input("X", 2);
    tensor_type(&mut input).elem_type = element as i32;
    model(vec![input], vec![node("Identity", &["X"], "y", vec![])], vec![])
}

/// The runner's line for a model whose data set expects `expected` for `input`.
fn line(model: &ModelProto, input: &TensorProto, expected: &TensorProto) -> String {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("a/case");
    write(&case.join("model.onnx"), model);
    write(&case.join("rows/input_0.pb"), input);
    write(&case.join("rows/output_0.pb"), expected);
    let (text, code) = run(folder.path());
    let [line, summary] = text.lines().collect::<Vec<_>>()[..] else { panic!("two lines: {text}") };
    let passed = line == "PASS a/case";
    assert_eq!((summary, code), if passed { ("1 passed, 0 failed", 0) } else { ("0 passed, 1 failed", 1) });
    line.strip_prefix("FAIL a/case: data set rows: output `y`: ").unwrap_or(line).to_owned()
}

#[test]
fn the_same_outputs_pass() {
    let rows = floats(&[2, 2], &[1.0, f32::NAN, f32::INFINITY, -0.0]);
    assert_eq!(line(&identity(DataType::Float), &rows, &rows), "PASS a/case");
    let near = floats(&[2, 2], &[1.00009, f32::NAN, f32::INFINITY, 0.000_000_9]);
    assert_eq!(line(&identity(DataType::Float), &rows, &near), "PASS a/case");
    let rows = words(&[1, 2], &["a", "b"]);
    assert_eq!(line(&identity(DataType::String), &rows, &rows), "PASS a/case");
    let rows = integers(&[1, 2], &[i64::MAX, i64::MIN]);
    assert_eq!(line(&identity(DataType::Int64), &rows, &rows), "PASS a/case");
}

#[test]
fn another_output_fails_with_the_first_element_that_differs() {
    let float = identity(DataType::Float);
    let rows = floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let found = line(&float, &rows, &floats(&[2, 2], &[1.0, 2.001, 3.0, 5.0]));
    assert_eq!(found, "element [0, 1]: expected 2.000999927520752, found 2.0; 2 of 4 differ");
    for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert!(line(&float, &rows, &floats(&[2, 2], &[1.0, 2.0, 3.0, odd])).contains("element [1, 1]"));
        assert!(line(&float, &floats(&[2, 2], &[odd; 4]), &rows).contains("4 of 4 differ"));
    }
    let reshaped = floats(&[4], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(line(&float, &rows, &reshaped), "expected shape [4], found [2, 2]");
    let whole = integers(&[2, 2], &[1, 2, 3, 4]);
    assert_eq!(line(&float, &rows, &whole), "expected elements of I64, found F32");
    let label = line(&identity(DataType::String), &words(&[1, 2], &["a", "b"]), &words(&[1, 2], &["a", "c"]));
    assert_eq!(label, "element [0, 1]: expected \"c\", found \"b\"; 1 of 2 differ");
    let close = line(
        &identity(DataType::Int64),
        &integers(&[1, 2], &[100_000, 0]),
        &integers(&[1, 2], &[100_001, 0]),
    );
    assert_eq!(close, "element [0, 0]: expected 100001, found 100000; 1 of 2 differ");
}

#[test]
fn models_are_found_at_any_depth_and_every_data_set_counts() {
    let folder = tempfile::tempdir().unwrap();
    let rows = floats(&[1, 2], &[1.0, 2.0]);
    let case = |name: &str, data_sets: &[&str]| {
        write(&folder.path().join(name).join("model.onnx"), &identity(DataType::Float));
        for data_set in data_sets {
            for file in ["input_0.pb", "output_0.pb"] {
                write(&folder.path().join(name).join(data_set).join(file), &rows);
            }
        }
    };
    case("b", &["test_data_set_0", "the library's"]);
    case("a/deep/down", &["x"]);
    case("empty", &[]);
    case("half", &["x"]);
    std::fs::remove_file(folder.path().join("half/x/output_0.pb")).unwrap();
    case("second", &["0", "1"]);
    write(&folder.path().join("second/1/output_0.pb"), &floats(&[1, 2], &[1.0, 3.0]));
    case("too_many", &["x"]);
    write(&folder.path().join("too_many/x/input_1.pb"), &rows);
    write(&folder.path().join("unloadable/model.onnx"), &words(&[1], &["no model"]));

    let (text, code) = run(folder.path());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "PASS a/deep/down");
    assert_eq!(lines[1], "PASS b");
    assert_eq!(lines[2], "FAIL empty: expected a folder with input_0.pb and output_0.pb, found none");
    assert_eq!(lines[3], "FAIL half: data set x: expected the file output_0.pb, found none");
    assert!(
        lines[4].starts_with("FAIL second: data set 1: output `y`: element [0, 1]: expected 3.0"),
        "{text}"
    );
    assert_eq!(lines[5], "FAIL too_many: data set x: expected 1 inputs, found 2");
    assert!(lines[6].starts_with("FAIL unloadable: not an ONNX model"), "{text}");
    assert_eq!((lines[7], lines.len(), code), ("2 passed, 5 failed", 8, 1));
}

/// The model reshapes `[N, 2]` to `[2, 2]`, so it runs only for two rows.
#[test]
fn a_model_for_one_number_of_rows_fails_unless_its_graph_states_the_number() {
    let shape = TensorProto { name: "shape".to_owned(), ..integers(&[2], &[2, 2]) };
    let mut model =
        model(vec![float_input("X", 2)], vec![node("Reshape", &["X", "shape"], "y", vec![])], vec![shape]);
    let rows = floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let found = line(&model, &rows, &rows);
    assert!(found.contains("runs only with a stated number of rows"), "{found}");
    let input = tensor_type(&mut model.graph.as_mut().unwrap().input[0]);
    let rows_stated = Some(tensor_shape_proto::dimension::Value::DimValue(2));
    input.shape.as_mut().unwrap().dim[0].value = rows_stated;
    assert_eq!(line(&model, &rows, &rows), "PASS a/case");
}

#[test]
fn nothing_to_run_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path()), (String::new(), 2));
    assert_eq!(run(&folder.path().join("none")), (String::new(), 2));
    let help = Command::new(env!("CARGO_BIN_EXE_conformance")).arg("--help").output().unwrap();
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("conformance DIR"));
    assert_eq!(Command::new(env!("CARGO_BIN_EXE_conformance")).output().unwrap().status.code(), Some(2));
}

#[test]
fn the_zoo_conforms() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/conformance");
    assert!(folder.is_dir(), "{} is missing: run `make conformance-models`", folder.display());
    let (text, _) = run(&folder);
    let failures: Vec<&str> = text.lines().filter(|line| line.starts_with("FAIL ")).collect();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    for (kind, least) in [("official", 8), ("zoo", 85), ("operators", 200)] {
        let passed = text.lines().filter(|line| line.starts_with(&format!("PASS {kind}/"))).count();
        assert!(
            passed >= least,
            "{kind}: expected at least {least} models that pass, found {passed}: run `make conformance-models`"
        );
    }
}
