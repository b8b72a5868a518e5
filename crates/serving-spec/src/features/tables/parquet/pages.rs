//! Checks the pages of a column before they are decompressed, and their content before it is decoded.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use anyhow::{Context, Result, ensure};
use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;

use super::super::budget::Budget;
use super::thrift::{Met, walk};

/// The most bytes of a page. Most writers end a page at 1 MiB; some make one page of each column of 100 000 rows.
const MAX_PAGE: u64 = 32 << 20;

/// The most values of a dictionary. Most writers end it at 1 MiB.
const MAX_DICTIONARY: usize = 1 << 20;

/// Checks the sizes of all pages of a piece of a column.
///
/// # Errors
/// When a page exceeds a bound, or does not have the size that it states.
pub(super) fn check(file: &mut File, piece: &ColumnChunkMetaData, budget: &mut Budget) -> Result<()> {
    let start = piece.dictionary_page_offset().unwrap_or_else(|| piece.data_page_offset());
    let mut place = u64::try_from(start).context("a column begins before the file")?;
    let length = u64::try_from(piece.compressed_size()).context("a column has a negative size")?;
    let end = place.checked_add(length).context("a column ends beyond the file")?;
    while place < end {
        file.seek(SeekFrom::Start(place))?;
        let mut reader = Counted { inner: BufReader::with_capacity(512, &*file).take(end - place), read: 0 };
        let (mut states, mut holds) = (0, 0);
        walk(&mut reader, &mut |path, met| {
            match (path, met) {
                ([2], Met::Int(size)) => states = size,
                ([3], Met::Int(size)) => holds = size,
                _ => {}
            }
            Ok(())
        })?;
        let header = reader.read;
        let states = u64::try_from(states).context("a page has a negative size")?;
        let holds = u64::try_from(holds).context("a page has a negative size")?;
        ensure!(states <= MAX_PAGE, "a page has {states} bytes; the limit is {MAX_PAGE}");
        budget.read(states)?;
        place += header;
        // The decoder of gzip does not stop at the size that the page states.
        if matches!(piece.compression(), Compression::GZIP(_)) {
            file.seek(SeekFrom::Start(place))?;
            let found = unpacked(MultiGzDecoder::new(BufReader::new(&*file).take(holds)), states);
            ensure!(found <= states, "a page has more bytes than the {states} that it states");
        }
        place =
            place.checked_add(holds).filter(|next| *next <= end).context("a page ends beyond its column")?;
    }
    Ok(())
}

/// Counts what a reader gives, to one byte more than `limit`. A reader that fails ends there; decoding will fail too.
fn unpacked(reader: impl Read, limit: u64) -> u64 {
    let mut count = 0;
    let mut buffer = [0; 8 << 10];
    let mut reader = reader.take(limit + 1);
    while let Ok(read @ 1..) = reader.read(&mut buffer) {
        count += read as u64;
    }
    count
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Pages whose content can be decoded with little memory.
pub(super) struct Checked(pub Box<dyn PageReader>);

impl PageReader for Checked {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.0.get_next_page()?;
        if let Some(page) = &page {
            let refuse = |reason: String| Err(ParquetError::General(reason));
            if let Page::DictionaryPage { num_values, .. } = page
                && *num_values as usize > MAX_DICTIONARY
            {
                return refuse(format!(
                    "a dictionary has {num_values} values; the limit is {MAX_DICTIONARY}"
                ));
            }
            // Their decoders make room for as many values as the page states, and for each value as a whole.
            if matches!(page.encoding(), Encoding::DELTA_BYTE_ARRAY | Encoding::DELTA_LENGTH_BYTE_ARRAY) {
                return refuse(format!(
                    "it has the encoding {}: write it with PLAIN or a dictionary",
                    page.encoding()
                ));
            }
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.0.skip_next_page()
    }
}

impl Iterator for Checked {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
