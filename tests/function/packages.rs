//! Runs the function as Lambda runs it: the binary in the zip, and the image. `make test-image` builds both
//! for the architecture of this machine. Without Docker or buildah, `make test` skips the tests named
//! `the_image_…`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{fixtures, model_directory, tool};
use serde_json::{Value, json};
use stream_predictor_local::function::{Answer, Function};

const ARCH: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86-64" };

const TIMEOUT: Duration = Duration::from_secs(30);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file that the make target builds.
fn made(path: &str, target: &str) -> PathBuf {
    let path = root().join(path);
    assert!(path.is_file(), "{} is missing: run `make {target}`", path.display());
    path
}

fn zip() -> PathBuf {
    made(&format!("target/test-package/stream-predictor-{ARCH}.zip"), "test-zip")
}

fn python(script: &str, arguments: &[&Path]) -> String {
    let mut python = Command::new(tool(".venv", "python"));
    let output = python.args(["-c", script]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Unpacks the zip with its file modes, as Lambda does.
fn unzip() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script = "import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as file:
    for entry in file.infolist():
        os.chmod(file.extract(entry, sys.argv[2]), entry.external_attr >> 16)
        print(entry.filename)";
    assert_eq!(python(script, &[&zip(), folder.path()]), "bootstrap\n");
    folder
}

/// The configuration inside the image.
fn image_configuration() -> Value {
    let mut inspect = Command::new(root().join("infra/image.sh"));
    let output = inspect.args(["inspect", ARCH]).env("PROFILE", "package-test").output().unwrap();
    let image: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("the image is missing: run `make test-image`; {output:?}"));
    // The first place is buildah's, the second Docker's.
    image.pointer("/OCIv1/config").or(image.pointer("/0/Config")).unwrap().clone()
}

/// A program that runs the image, and its environment: `variables` and the variables of the program.
fn image(variables: &[(&str, &str)]) -> (PathBuf, Vec<(String, String)>) {
    made(&format!("target/test-package/{ARCH}/root/bootstrap"), "test-image");
    let path = std::env::var("PATH").unwrap();
    let own = [("ARCH", ARCH), ("PROFILE", "package-test"), ("PATH", &path)];
    let variables = [variables, &own].concat();
    (root().join("tests/support/image.sh"), env(&variables))
}

/// Checks the answer to each sample event: one prediction for each record, except the poison record.
async fn answers_the_sample_events(binary: &Path, env: Vec<(String, String)>) {
    let function = Function::start(binary, env, TIMEOUT).await.unwrap();
    let mut answered = 0;
    for entry in std::fs::read_dir(root().join("events")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let event = std::fs::read(&file).unwrap();
        let records = serde_json::from_slice::<Value>(&event).unwrap()["Records"].as_array().unwrap().len();
        let Answer::Response(answer) = function.invoke(event).await.unwrap() else {
            panic!("{name} has no answer");
        };
        assert_eq!(answer["batchItemFailures"], json!([]), "{name}");
        let predictions = answer["predictions"].as_array().unwrap();
        assert_eq!(predictions.len() + usize::from(name == "poison-record"), records, "{name}");
        if name == "single-ride" {
            let minutes = predictions[0]["prediction"]["ride_duration"].as_f64().unwrap();
            assert!((minutes - 20.980_38).abs() < 1e-5, "{minutes}");
        }
        answered += 1;
    }
    assert_eq!(answered, 3);
}

fn env(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn the_binary_of_the_zip_answers_the_sample_events() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let env = env(&[("MODEL_LOCATION", model.to_str().unwrap()), ("TEST_RUN", "True")]);
    answers_the_sample_events(&unzip().path().join("bootstrap"), env).await;
}

#[tokio::test]
async fn the_image_answers_the_sample_events() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let (program, env) = image(&[("MODEL_LOCATION", model.to_str().unwrap()), ("TEST_RUN", "True")]);
    answers_the_sample_events(&program, env).await;
}

#[test]
fn the_image_starts_the_binary_as_a_user_without_rights() {
    let configuration = image_configuration();
    assert_eq!(configuration["Entrypoint"], json!(["/bootstrap"]));
    assert_eq!(configuration["User"], "65532:65532");
}

/// A TLS server on a port of `localhost`, with a self-signed certificate.
fn tls_server(folder: &Path) -> (Server, u16) {
    let openssl = |arguments: &str| {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments.split(' ')).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        openssl.stdin(Stdio::null()).spawn().unwrap()
    };
    let made = openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -subj /CN=localhost \
         -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE",
    )
    .wait();
    assert!(made.unwrap().success());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server =
        Server(openssl(&format!("s_server -www -accept 127.0.0.1:{port} -key key -cert certificate")));
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    (server, port)
}

/// A process that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_image_trusts_only_known_certificate_authorities() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, port) = tls_server(folder.path());
    let (program, env) = image(&[
        ("MODEL_LOCATION", "s3://models/rides"),
        ("TEST_RUN", "True"),
        ("AWS_ENDPOINT_URL_S3", &format!("https://localhost:{port}")),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    let error = Function::start(&program, env, TIMEOUT).await.err().unwrap().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    // An image without authorities rejects every issuer too, after this warning.
    assert!(!error.contains("no native root CA certificates"), "{error}");
}

/// The types of an ELF file's segments.
///
/// Source: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html>; offsets of the 64-bit,
/// little-endian form.
fn segments(elf: &[u8]) -> Vec<u32> {
    assert_eq!(&elf[..6], b"\x7fELF\x02\x01");
    let number = |at: usize, bytes: usize| {
        elf[at..at + bytes].iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte))
    };
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).map(|segment| u32::try_from(number(table + segment * size, 4)).unwrap()).collect()
}

#[test]
fn the_binary_needs_no_loader_and_no_library() {
    const LOADED: u32 = 1;
    const INTERPRETER: u32 = 3;
    let segments = segments(&std::fs::read(unzip().path().join("bootstrap")).unwrap());
    assert!(segments.contains(&LOADED) && !segments.contains(&INTERPRETER), "{segments:?}");
}

#[test]
fn the_binary_does_not_contain_where_or_when_it_was_built() {
    let binary = std::fs::read(unzip().path().join("bootstrap")).unwrap();
    let home = std::env::var("HOME").unwrap();
    for place in [root().to_str().unwrap(), &format!("{home}/."), "/.cargo/", "/.rustup/", "/registry/src/"] {
        assert!(memchr::memmem::find(&binary, place.as_bytes()).is_none(), "{place}");
    }
    // C compilers write dates as `Nov 23 2026`.
    for at in memchr::memmem::find_iter(&binary, b" 20") {
        let date = String::from_utf8_lossy(&binary[at.saturating_sub(6)..binary.len().min(at + 5)]);
        let is_month = "JanFebMarAprMayJunJulAugSepOctNovDec".contains(date.get(..3).unwrap_or(" "));
        let is_date =
            is_month && date.ends_with(|last: char| last.is_ascii_digit()) && date[3..].starts_with(' ');
        assert!(!is_date, "{date}");
    }
}

#[test]
fn the_same_binary_gives_the_same_zip() {
    let folder = unzip();
    let again = folder.path().join("zip");
    let mut pack = Command::new(tool(".venv", "python"));
    pack.arg(root().join("infra/zip.py")).arg(folder.path().join("bootstrap")).arg(&again);
    assert!(pack.status().unwrap().success());
    assert!(std::fs::read(zip()).unwrap() == std::fs::read(again).unwrap());
}
