use super::*;

#[test]
fn svm_classifier() {
    let x = input(DataType::Float, 2);
    // Three classes with two, one and one support vectors of two features.
    let sound = [
        ints("classlabels_ints", &[1, 2, 3]),
        ints("vectors_per_class", &[2, 1, 1]),
        floats("support_vectors", &[1.0; 8]),
        floats("coefficients", &[1.0; 8]),
        floats("rho", &[1.0; 3]),
        floats("prob_a", &[1.0; 3]),
        floats("prob_b", &[1.0; 3]),
    ];
    let cases = [
        (
            without(&sound, "classlabels_ints"),
            "expected classlabels_strings or classlabels_ints, found neither",
        ),
        (with(&sound, ints("classlabels_ints", &[1, 2])), "3 vectors_per_class for 2 class labels"),
        (with(&sound, ints("vectors_per_class", &[2, 1, 2])), "8 coefficients for 3 class labels"),
        (with(&sound, ints("vectors_per_class", &[2, 1, i64::MAX])), "8 coefficients for 3 class labels"),
        (with(&sound, ints("vectors_per_class", &[2, 1, -1])), "vectors_per_class"),
        (with(&sound, floats("support_vectors", &[1.0; 7])), "7 values in support_vectors for 4 vectors"),
        (with(&sound, floats("support_vectors", &[])), "0 values in support_vectors for 4 vectors"),
        (with(&sound, floats("coefficients", &[1.0; 9])), "9 coefficients for 3 class labels"),
        (with(&sound, floats("rho", &[1.0; 2])), "2 values in rho for 3 pairs of classes"),
        (with(&sound, floats("prob_a", &[1.0; 2])), "2 values in prob_a for 3 pairs of classes"),
        (without(&sound, "prob_b"), "3 values in prob_a and 0 in prob_b"),
        (
            with(&sound, string("kernel_type", "CUBIC")),
            "kernel_type: expected LINEAR, POLY, RBF or SIGMOID, found CUBIC",
        ),
        (with(&sound, floats("kernel_params", &[1.0])), "1 kernel_params"),
        (with(&sound, floats("support_vectors", &[1.0; 12])), "rows of 2 features for 3"),
    ];
    for (attributes, expected) in cases {
        refused("SVMClassifier", &x, attributes, &[expected]);
    }
    let linear = without(&without(&sound, "vectors_per_class"), "support_vectors");
    refused("SVMClassifier", &x, linear.clone(), &["8 coefficients for 3 class labels"]);
    let coefficients = floats("coefficients", &[1.0; 6]);
    let no_rho = with(&with(&linear, coefficients), floats("rho", &[]));
    refused("SVMClassifier", &x, no_rho, &["rho is empty"]);
}

#[test]
fn svm_regressor() {
    let x = input(DataType::Float, 2);
    let sound = [
        int("n_supports", 3),
        floats("support_vectors", &[1.0; 6]),
        floats("coefficients", &[1.0; 3]),
        floats("rho", &[1.0]),
    ];
    let cases = [
        (with(&sound, int("n_supports", 2)), "3 coefficients for n_supports 2"),
        (with(&sound, int("n_supports", i64::MAX)), "3 coefficients for n_supports 9223372036854775807"),
        (with(&sound, int("n_supports", -1)), "n_supports"),
        (with(&sound, floats("support_vectors", &[1.0; 5])), "5 values in support_vectors for 3 vectors"),
        (with(&sound, floats("coefficients", &[])), "0 coefficients for n_supports 3"),
        (with(&sound, floats("rho", &[1.0; 2])), "2 values in rho"),
        (with(&sound, int("n_supports", 0)), "rows of 2 features for 3"),
        (with(&sound, string("kernel_type", "CUBIC")), "SIGMOID, found CUBIC"),
    ];
    for (attributes, expected) in cases {
        refused("SVMRegressor", &x, attributes, &[expected]);
    }
}
