use super::*;

#[test]
fn scaler() {
    let x = input(DataType::Float, 2);
    let lists = |offset: usize, scale: usize| {
        vec![floats("offset", &vec![0.0; offset]), floats("scale", &vec![1.0; scale])]
    };
    refused("Scaler", &x, lists(0, 0), &["offset of length 0 and scale of length 0"]);
    refused("Scaler", &x, lists(2, 1), &["offset of length 2 and scale of length 1"]);
    refused("Scaler", &x, lists(3, 3), &["rows of 2 features for 3 offsets and scales"]);
}

#[test]
fn normalizer() {
    let x = input(DataType::Float, 2);
    refused("Normalizer", &x, vec![string("norm", "L3")], &["norm: expected MAX, L1 or L2, found L3"]);
}

#[test]
fn imputer() {
    let x = input(DataType::Float, 2);
    let values = floats("imputed_value_floats", &[1.0, 2.0]);
    let whole = ints("imputed_value_int64s", &[1, 2]);
    refused("Imputer", &x, vec![], &["expected imputed_value_floats or imputed_value_int64s, found neither"]);
    let both = vec![values.clone(), whole.clone()];
    refused("Imputer", &x, both, &["2 imputed_value_floats and 2 imputed_value_int64s"]);
    refused("Imputer", &x, vec![whole], &["imputed_value_int64s for an input of F32"]);
    let integers = input(DataType::Int64, 2);
    refused("Imputer", &integers, vec![values.clone()], &["imputed_value_floats for an input of I64"]);
    refused(
        "Imputer",
        &input(DataType::Float, 3),
        vec![values],
        &["rows of 3 features for 2 imputed values"],
    );
}

#[test]
fn feature_vectorizer() {
    let x = input(DataType::Float, 2);
    let dimensions = |list: &[i64]| vec![ints("inputdimensions", list)];
    refused("FeatureVectorizer", &x, vec![], &["inputdimensions"]);
    refused("FeatureVectorizer", &x, dimensions(&[2, 2]), &["2 inputdimensions for 1 inputs"]);
    refused("FeatureVectorizer", &x, dimensions(&[0]), &["inputdimensions [0]"]);
    refused("FeatureVectorizer", &x, dimensions(&[-1]), &["inputdimensions"]);
    refused("FeatureVectorizer", &x, dimensions(&[i64::MAX]), &["inputdimensions [9223372036854775807]"]);
}

#[test]
fn binarizer() {
    refused("Binarizer", &input(DataType::String, 2), vec![], &["an input of String"]);
}

#[test]
fn array_feature_extractor() {
    let places = TensorProto {
        name: "places".to_owned(),
        dims: vec![2],
        data_type: DataType::Int64 as i32,
        int64_data: vec![0, 2],
        ..TensorProto::default()
    };
    for (place, expected) in [(2, "feature 2 of 2"), (-1, "feature -1 of 2")] {
        let places = TensorProto { int64_data: vec![0, place], ..places.clone() };
        let nodes = vec![node("ArrayFeatureExtractor", &["X", "places"], "y", vec![])];
        let line = refusal(&model(vec![input(DataType::Float, 2)], nodes, vec![places]));
        assert!(line.contains(expected), "{line}");
    }
}
