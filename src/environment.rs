//! The environment of this process. An empty variable counts as not set, also where a library reads it: a compose file
//! with `AWS_ENDPOINT_URL_S3=${S3_ENDPOINT}` leaves one behind.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// A variable, unless it is not set or empty.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Starts this program again, in the same process, without the variables that libraries read and that are empty. If
/// there are none, or the program cannot be started again, this does nothing.
pub fn without_empty_variables() {
    let empty: Vec<OsString> = std::env::vars_os()
        .filter(|(name, value)| value.is_empty() && name.to_str().is_some_and(is_read_by_libraries))
        .map(|(name, _)| name)
        .collect();
    // A process cannot change its own environment safely.
    if let (false, Ok(program)) = (empty.is_empty(), std::env::current_exe()) {
        let mut command = Command::new(program);
        command.args(std::env::args_os().skip(1));
        for name in empty {
            command.env_remove(name);
        }
        let _not_started = command.exec();
    }
}

/// The SDKs, the Lambda runtime and the log read these.
fn is_read_by_libraries(name: &str) -> bool {
    name.starts_with("AWS_") || name.starts_with("RUST_") || name.to_ascii_uppercase().ends_with("_PROXY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_of_libraries_count() {
        for name in ["AWS_ENDPOINT_URL_S3", "AWS_LAMBDA_LOG_LEVEL", "RUST_LOG", "https_proxy", "NO_PROXY"] {
            assert!(is_read_by_libraries(name), "{name}");
        }
        assert!(!is_read_by_libraries("_HANDLER") && !is_read_by_libraries("RUN_ID"));
    }
}
