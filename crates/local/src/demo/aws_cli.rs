//! Runs the real AWS CLI, so that the demonstration shows the commands that a user would type.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use super::prediction::Place;

/// The variables that the AWS CLI needs. The rest of the environment shuts out the user's own profile.
const NEEDED: [&str; 4] =
    ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"];

/// An `aws` executable, bound to an endpoint.
#[derive(Debug)]
pub(super) struct AwsCli {
    program: PathBuf,
    env: Vec<(String, String)>,
    /// The option for raw data. Version 2 expects base64 without it, and version 1 does not know it.
    raw_data: &'static [&'static str],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    shard_id: String,
    sequence_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutAll {
    failed_record_count: u64,
    records: Vec<Put>,
}

impl AwsCli {
    /// Finds out the CLI's version. The CLI sees only `env`, with the endpoint and the credentials.
    pub(super) async fn new(program: &Path, env: Vec<(String, String)>) -> Result<Self> {
        let mut cli = Self { program: program.to_owned(), env, raw_data: &[] };
        if cli.run(&["--version"]).await?.starts_with("aws-cli/2") {
            cli.raw_data = &["--cli-binary-format", "raw-in-base64-out"];
        }
        Ok(cli)
    }

    /// `aws kinesis put-record`.
    pub(super) async fn put_record(&self, stream: &str, key: &str, data: &str) -> Result<Place> {
        let output = self.run(&self.put_record_arguments(stream, key, data)).await?;
        let put: Put = serde_json::from_str(&output).context("cannot read the answer of put-record")?;
        Ok((put.shard_id, put.sequence_number))
    }

    /// Runs `aws kinesis put-records`, with at most 500 pairs of partition key and data.
    pub(super) async fn put_records(&self, stream: &str, records: &[(String, &str)]) -> Result<Vec<Place>> {
        let entries = records.iter().map(|(key, data)| json!({"PartitionKey": key, "Data": data}));
        let mut file = tempfile::NamedTempFile::new().context("cannot write a temporary file")?;
        file.write_all(json!(entries.collect::<Vec<_>>()).to_string().as_bytes())
            .context("cannot write a temporary file")?;
        let file_url = format!("file://{}", file.path().display());
        let arguments = ["kinesis", "put-records", "--stream-name", stream, "--records", &file_url];
        let output = self.run(&[&arguments, self.raw_data].concat()).await?;
        let put: PutAll = serde_json::from_str(&output).context("cannot read the answer of put-records")?;
        if put.failed_record_count > 0 {
            bail!("put-records refused {} records", put.failed_record_count);
        }
        Ok(put.records.into_iter().map(|put| (put.shard_id, put.sequence_number)).collect())
    }

    /// Returns the shell command that puts one record.
    pub(super) fn put_record_line(&self, stream: &str, key: &str, data: &str) -> String {
        let needed = self.env.iter().filter(|(name, _)| NEEDED.contains(&name.as_str()));
        let env = needed.map(|(name, value)| format!("{name}={value}"));
        let arguments = self.put_record_arguments(stream, key, data);
        let arguments = arguments.iter().map(|argument| quoted(argument));
        let program = quoted(&self.program.display().to_string());
        env.chain([program]).chain(arguments).collect::<Vec<_>>().join(" ")
    }

    fn put_record_arguments<'a>(&self, stream: &'a str, key: &'a str, data: &'a str) -> Vec<&'a str> {
        let arguments =
            ["kinesis", "put-record", "--stream-name", stream, "--partition-key", key, "--data", data];
        [&arguments, self.raw_data].concat()
    }

    async fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("aws {} failed ({}): {}", arguments.first().unwrap_or(&""), output.status, said.trim());
        }
        String::from_utf8(output.stdout).context("the output of the AWS CLI is not UTF-8")
    }
}

/// Quotes an argument for a POSIX shell.
fn quoted(argument: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=".contains(&byte);
    if !argument.is_empty() && argument.bytes().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_command_is_quoted() {
        let cli = AwsCli {
            program: "my venv/bin/aws".into(),
            env: ["AWS_DEFAULT_REGION", "AWS_CONFIG_FILE"]
                .map(|name| (name.to_owned(), "x".to_owned()))
                .to_vec(),
            raw_data: &["--cli-binary-format", "raw-in-base64-out"],
        };
        assert_eq!(
            cli.put_record_line("rides", "1", r#"{"it's": 1}"#),
            "AWS_DEFAULT_REGION=x 'my venv/bin/aws' kinesis put-record --stream-name rides --partition-key 1 \
             --data '{\"it'\\''s\": 1}' --cli-binary-format raw-in-base64-out"
        );
    }
}
