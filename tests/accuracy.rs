//! Predictions equal scikit-learn's, to 1e-4 of their size.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod support;

use std::path::Path;

use stream_predictor::sink::Sink;
use support::{answer, event, expected, fixtures, handler, made_fixtures, model_directory, rides};

async fn predictions_equal(model: &Path, csv: &Path) {
    let handler = handler(model, Sink::Answer).await;
    let answer = answer(&handler, &event(&rides())).await;
    let predictions = answer["predictions"].as_array().unwrap();
    let expected = expected(csv);
    assert_eq!(expected.len(), 1000);
    assert_eq!(predictions.len(), expected.len());
    let mut worst: f64 = 0.0;
    for (prediction, (ride_id, minutes)) in predictions.iter().zip(&expected) {
        let prediction = &prediction["prediction"];
        assert_eq!(prediction["ride_id"].as_u64(), Some(*ride_id));
        let found = prediction["ride_duration"].as_f64().unwrap();
        worst = worst.max((found - minutes).abs() / minutes.abs());
    }
    assert!(worst <= 1e-4, "the worst relative difference is {worst:e}");
    let spread = expected.iter().map(|(_, minutes)| minutes).fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    assert!(spread > 20.0, "the rides differ");
}

#[tokio::test]
async fn of_the_linear_regression_that_mlflow_2_logged() {
    let model = model_directory(&fixtures().join("mlflow2"));
    predictions_equal(&model, &fixtures().join("rides.linear.csv")).await;
}

#[tokio::test]
async fn of_the_linear_regression_that_mlflow_3_logged() {
    let model = model_directory(&fixtures().join("mlflow3"));
    predictions_equal(&model, &fixtures().join("rides.linear.csv")).await;
}

#[tokio::test]
async fn of_the_random_forest() {
    let model = model_directory(&made_fixtures().join("forest"));
    predictions_equal(&model, &made_fixtures().join("rides.forest.csv")).await;
}
