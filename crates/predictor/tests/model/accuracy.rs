//! Predictions equal scikit-learn's: minutes within a relative 1e-4, probabilities within 1e-4, and classes
//! exactly.

use std::path::Path;

use crate::support::{expected, fixtures, made_fixtures, model_directory, predictions, predictor, rides};

fn predictions_equal(model: &Path, folder: &Path, csv: &str, count: usize) {
    let predictions = predictions(&predictor(model), &rides(folder));
    let expected = expected(&folder.join(csv));
    assert_eq!(expected.len(), count);
    assert_eq!(predictions.len(), expected.len());
    let mut worst: f64 = 0.0;
    for (prediction, (ride_id, minutes)) in predictions.iter().zip(&expected) {
        assert_eq!(prediction["ride_id"].as_u64(), Some(*ride_id));
        let found = prediction["ride_duration"].as_f64().unwrap();
        worst = worst.max((found - minutes).abs() / minutes.abs());
    }
    assert!(worst <= 1e-4, "the worst relative difference is {worst:e}");
    let spread = expected.iter().map(|(_, minutes)| minutes).fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    assert!(spread > 20.0, "the rides differ");
}

#[test]
fn predictions_of_a_linear_regression_logged_by_mlflow_2_are_accurate() {
    let model = model_directory(&fixtures().join("mlflow2"));
    predictions_equal(&model, &fixtures(), "rides.linear.csv", 1000);
}

#[test]
fn predictions_of_a_linear_regression_logged_by_mlflow_3_are_accurate() {
    let model = model_directory(&fixtures().join("mlflow3"));
    predictions_equal(&model, &fixtures(), "rides.linear.csv", 1000);
}

#[test]
fn predictions_of_a_random_forest_are_accurate() {
    let model = model_directory(&made_fixtures().join("forest"));
    predictions_equal(&model, &made_fixtures(), "rides.forest.csv", 5000);
}

/// Here the features are computed from the fields of the form. For scikit-learn, the Python module computed
/// them.
#[test]
fn predictions_of_flight_delays_are_accurate() {
    let folder = made_fixtures().join("flights");
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run `make fixtures`", path.display()))
    };
    let (flights, expected) = (read("flights.jsonl"), read("predictions.csv"));
    let predictor = predictor(&model_directory(&folder.join("models")));
    let predictions = predictions(&predictor, &flights.lines().collect::<Vec<_>>());
    let classes: Vec<&str> = expected.lines().next().unwrap().split(',').skip(2).collect();
    assert_eq!(classes.len(), 4);
    assert_eq!(predictions.len(), 5000);
    assert_eq!(expected.lines().count(), 1 + 5000);
    let mut worst: f64 = 0.0;
    for (prediction, line) in predictions.iter().zip(expected.lines().skip(1)) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!((&prediction["flight_id"], &prediction["delay"]), (&cells[0].into(), &cells[1].into()));
        let probabilities: Vec<f64> = cells[2..].iter().map(|cell| cell.parse().unwrap()).collect();
        for (class, expected) in classes.iter().zip(&probabilities) {
            let found = prediction["probability"][class].as_f64().unwrap();
            worst = worst.max((found - expected).abs());
        }
        assert_eq!(prediction["connection"], if probabilities[3] >= 0.5 { "rebook" } else { "keep" });
    }
    assert!(worst <= 1e-4, "the worst difference is {worst:e}");
    for class in classes {
        assert!(predictions.iter().any(|prediction| prediction["delay"] == class), "{class} is missing");
    }
}
