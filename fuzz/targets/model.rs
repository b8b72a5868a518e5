//! The bytes of a model are refused, or loaded and run: whatever they are, there is no panic, and neither time nor memory
//! without a bound (see the options in the Makefile).
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stream_predictor::config::ModelLocation;
use stream_predictor::model::Model;
use stream_predictor::model::directory::ModelDirectory;
use tempfile::TempDir;

static FOLDER: LazyLock<(TempDir, ModelDirectory)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let location = ModelLocation::Folder(folder.path().to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let directory = runtime.block_on(ModelDirectory::fetch(&location, None)).expect("the folder");
    (folder, directory)
});

fuzz_target!(
    // A panic that is caught, as those of operators are, is no find.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let (folder, directory) = &*FOLDER;
        std::fs::write(folder.path().join("model.onnx"), bytes).expect("the file");
        let Ok(model) = Model::load(directory, "model.onnx") else { return };
        // Each may fail. The second run is in the state that the first has left.
        let rows = model.zeros();
        let _ = model.run(&rows);
        let _ = model.run(&rows);
    }
);
