//! `MLmodel` is refused or read. A serving spec in it is compiled.

use predictor::model::mlmodel::{Logged, MlModel};
use predictor::model::signature::Signature;

use crate::budget::{QUICK, START, within};
use crate::spec;

/// Parses the bytes as `MLmodel`.
pub fn run(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        within(START, QUICK, || parse(text));
    }
}

fn parse(text: &str) {
    let _ = Signature::parse(text);
    let logged = Logged::parse(text);
    let Ok(mlmodel) = MlModel::parse(text) else { return };
    let _ = mlmodel.onnx_file();
    if let Some(logged) = logged {
        assert_eq!(logged.run_id, mlmodel.run_id);
        assert!(logged.is_onnx() || mlmodel.onnx_file().is_err());
    }
    if let Some(serving) = mlmodel.serving() {
        spec::compile(serving);
    }
}
