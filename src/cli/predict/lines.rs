//! Reads the lines of a file, as many at a time as are scored together.

use std::io::{self, BufRead, Read as _};
use std::ops::Range;

/// The most lines at hand, as in a batch of the function.
const LINES: usize = 2_000;

/// The bytes after which no more lines are read.
const BYTES: usize = 4 << 20;

/// The most bytes of a line: what a decompressed record may have.
const MAX_LINE: usize = 32 << 20;

/// A line that is not blank.
#[derive(Debug)]
pub struct Line {
    /// Its place in the file, counted from 1.
    pub number: u64,
    bytes: Range<usize>,
}

/// The lines of a file.
pub struct Lines {
    reader: Box<dyn BufRead>,
    bytes: Vec<u8>,
    /// How many lines were read.
    read: u64,
}

impl Lines {
    /// The lines of what is read.
    pub fn of(reader: Box<dyn BufRead>) -> Self {
        Self { reader, bytes: Vec::new(), read: 0 }
    }

    /// Reads the next lines. Returns false at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read, or has a line of more than 32 MiB.
    pub fn fill(&mut self, lines: &mut Vec<Line>) -> io::Result<bool> {
        lines.clear();
        self.bytes.clear();
        while lines.len() < LINES && self.bytes.len() < BYTES {
            let from = self.bytes.len();
            let most = MAX_LINE as u64 + 1;
            let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.bytes)?;
            if read == 0 {
                break;
            }
            self.read += 1;
            if read > MAX_LINE {
                let message = format!("line {} has more than {MAX_LINE} bytes", self.read);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            if !self.bytes[from..].trim_ascii().is_empty() {
                lines.push(Line { number: self.read, bytes: from..self.bytes.len() });
            }
        }
        Ok(!self.bytes.is_empty())
    }

    /// The bytes of a line that was read last.
    pub fn bytes(&self, line: &Line) -> &[u8] {
        &self.bytes[line.bytes.clone()]
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn all(text: Vec<u8>) -> io::Result<Vec<(u64, usize)>> {
        let (mut lines, mut all) = (Vec::new(), Vec::new());
        let mut file = Lines::of(Box::new(Cursor::new(text)));
        while file.fill(&mut lines)? {
            all.extend(lines.iter().map(|line| (line.number, file.bytes(line).len())));
        }
        Ok(all)
    }

    #[test]
    fn blank_lines_are_counted_and_left_out() {
        assert_eq!(all(b"{}\n\r\n \n{ }".to_vec()).unwrap(), [(1, 3), (4, 3)]);
        assert_eq!(all(Vec::new()).unwrap(), []);
        assert_eq!(all(b"\n".repeat(BYTES + 1)).unwrap(), []);
    }

    #[test]
    fn lines_are_read_a_few_at_a_time() {
        let numbers: Vec<u64> =
            all(b"{}\n".repeat(LINES * 2 + 1)).unwrap().iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=LINES as u64 * 2 + 1).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_is_bounded() {
        let longest = [b"{}\n".to_vec(), b"x".repeat(MAX_LINE)].concat();
        assert_eq!(all(longest.clone()).unwrap().last(), Some(&(2, MAX_LINE)));
        let error = all([longest, b"x".to_vec()].concat()).unwrap_err().to_string();
        assert_eq!(error, "line 2 has more than 33554432 bytes");
    }
}
