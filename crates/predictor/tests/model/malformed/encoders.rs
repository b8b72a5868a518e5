use super::*;

#[test]
fn one_hot_encoder() {
    let x = input(DataType::Int64, 1);
    let (words, numbers) = (strings("cats_strings", &["a", "b"]), ints("cats_int64s", &[0, 1, 2]));
    refused("OneHotEncoder", &x, vec![], &["expected cats_strings or cats_int64s, found neither"]);
    let both = vec![words.clone(), numbers.clone()];
    refused("OneHotEncoder", &x, both, &["2 cats_strings and 3 cats_int64s"]);
    refused("OneHotEncoder", &x, vec![words], &["an input of I64 for cats_strings"]);
    let text = input(DataType::String, 1);
    refused("OneHotEncoder", &text, vec![numbers], &["an input of String for cats_int64s"]);
}

#[test]
fn label_encoder() {
    let x = input(DataType::Int64, 1);
    let keys = ints("keys_int64s", &[1, 2]);
    let values = strings("values_strings", &["a", "b"]);
    let sound = [keys.clone(), values.clone()];
    let cases = [
        (vec![], "expected keys_strings, keys_int64s, keys_floats or keys_tensor, found none"),
        (vec![keys], "expected values_strings"),
        (with(&sound, floats("keys_floats", &[1.0])), "give only one of keys_strings"),
        (with(&sound, floats("values_floats", &[1.0])), "give only one of values_strings"),
        (with(&sound, ints("keys_int64s", &[1, 2, 3])), "3 keys_* and 2 values_*"),
        (vec![strings("keys_strings", &["a", "b"]), values], "an input of I64 for keys that are strings"),
    ];
    for (attributes, expected) in cases {
        refused("LabelEncoder", &x, attributes, &[expected]);
    }
    let default =
        TensorProto { data_type: DataType::Float as i32, float_data: vec![1.0], ..TensorProto::default() };
    let default = AttributeProto {
        name: "default_tensor".to_owned(),
        r#type: attribute_proto::AttributeType::Tensor as i32,
        t: Some(default),
        ..AttributeProto::default()
    };
    let expected = "default_tensor of 1 elements of F32 for values of String";
    refused("LabelEncoder", &x, with(&sound, default), &[expected]);
}

#[test]
fn category_mapper() {
    let x = input(DataType::Int64, 1);
    let lists =
        |words: &[&str], numbers: &[i64]| vec![strings("cats_strings", words), ints("cats_int64s", numbers)];
    refused("CategoryMapper", &x, vec![], &["cats_strings"]);
    refused("CategoryMapper", &x, lists(&["a"], &[1, 2]), &["1 cats_strings and 2 cats_int64s"]);
    let float = input(DataType::Float, 1);
    refused("CategoryMapper", &float, lists(&["a"], &[1]), &["an input of F32 for keys that are integers"]);
}
