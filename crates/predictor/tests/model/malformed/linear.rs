use super::*;

#[test]
fn linear_regressor() {
    let x = input(DataType::Float, 2);
    let sound = [floats("coefficients", &[1.0, 2.0]), floats("intercepts", &[0.5])];
    let cases = [
        (with(&sound, floats("coefficients", &[])), "0 coefficients for 1 targets"),
        (with(&sound, int("targets", 3)), "2 coefficients for 3 targets"),
        (with(&sound, int("targets", 0)), "2 coefficients for 0 targets"),
        (with(&sound, int("targets", -1)), "'targets'"),
        (with(&sound, floats("intercepts", &[1.0, 2.0])), "2 intercepts for 1 targets"),
        (with(&sound, floats("coefficients", &[1.0; 3])), "rows of 2 features for 3 coefficients"),
        (
            with(&sound, string("post_transform", "CUBE")),
            "expected NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO or PROBIT, found CUBE",
        ),
    ];
    for (attributes, expected) in cases {
        refused("LinearRegressor", &x, attributes, &[expected]);
    }
}

#[test]
fn linear_classifier() {
    let x = input(DataType::Float, 2);
    let sound = [
        floats("coefficients", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        floats("intercepts", &[0.5; 3]),
        ints("classlabels_ints", &[1, 2, 3]),
    ];
    let cases = [
        (
            without(&sound, "classlabels_ints"),
            "expected classlabels_strings or classlabels_ints, found neither",
        ),
        (
            with(&sound, strings("classlabels_strings", &["a"])),
            "1 classlabels_strings and 3 classlabels_ints",
        ),
        (with(&sound, ints("classlabels_ints", &[1, 2])), "3 intercepts for 2 class labels"),
        (with(&sound, floats("intercepts", &[0.5; 4])), "6 coefficients for 4 targets"),
        (with(&sound, floats("coefficients", &[1.0; 9])), "rows of 2 features for 3 coefficients"),
        (with(&sound, string("post_transform", "CUBE")), "PROBIT, found CUBE"),
    ];
    for (attributes, expected) in cases {
        refused("LinearClassifier", &x, attributes, &[expected]);
    }
    let text = input(DataType::String, 2);
    refused("LinearClassifier", &text, sound.to_vec(), &["expected numbers, found strings"]);
}
