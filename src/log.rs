//! The log: lines on standard output, as Lambda's logging settings ask for them.

use std::io::{self, Write};

use predictor::plain_text::Plain;

/// Starts the log of this process.
pub fn start() {
    lambda_runtime::tracing::init_default_subscriber_with_writer(|| PlainLines(io::stdout()));
}

/// Writes lines without control characters, whatever the values in them hold. A value with a line end would look like
/// another line.
struct PlainLines<W>(W);

impl<W: Write> Write for PlainLines<W> {
    /// Writes a whole line: the subscriber passes one at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // JSON has the same escapes, so a line in JSON stays JSON.
        let text = String::from_utf8_lossy(line);
        let plain = format!("{}\n", Plain::whole(text.strip_suffix('\n').unwrap_or(&text)));
        self.0.write_all(plain.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: &str) -> String {
        let mut lines = PlainLines(Vec::new());
        lines.write_all(line.as_bytes()).unwrap();
        String::from_utf8(lines.0).unwrap()
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(written("WARN ä shard=0\n"), "WARN ä shard=0\n");
        assert_eq!(
            written("WARN shard=0\n INFO forged\r\u{1b}[31m\u{2028}\u{85}\0\n"),
            "WARN shard=0\\u000a INFO forged\\u000d\\u001b[31m\\u2028\\u0085\\u0000\n"
        );
    }

    #[test]
    fn a_line_in_json_stays_json() {
        let line = written("{\"shard\":\"a\u{2028}\u{85}b\"}\n");
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((json["shard"].as_str(), line.contains('\u{85}')), (Some("a\u{2028}\u{85}b"), false));
    }
}
