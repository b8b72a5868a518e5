//! The version of this build.

/// The commit that the package was built from. A build without `infra/package.sh` does not know it.
const COMMIT: &str = match option_env!("STREAM_PREDICTOR_COMMIT") {
    Some(commit) => commit,
    None => "unknown commit",
};

/// The version and the commit: `0.1.0 (0123456789ab)`.
#[must_use]
pub fn version() -> String {
    format!("{} ({COMMIT})", env!("CARGO_PKG_VERSION"))
}
