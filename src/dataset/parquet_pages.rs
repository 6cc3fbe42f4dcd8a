//! The pages of a Parquet column, whatever they are compressed with.
//!
//! The parquet crate's own Zstandard is a C library. Its pages are taken here as they lie
//! in the file and unpacked in Rust; the other codecs are the crate's.

use std::io::Read;
use std::sync::Arc;

use anyhow::{Result, bail};
use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use ruzstd::decoding::StreamingDecoder;

use crate::dataset::positioned::Positioned;

/// Largest page that is unpacked: Parquet's pages count their bytes in 31 bits.
const MOST_BYTES: i64 = (1 << 31) - 1;

/// Refuses a column whose pages are compressed in a way that is not read.
pub(crate) fn check(metadata: &ParquetMetaData, column: usize) -> Result<()> {
    for group in metadata.row_groups() {
        let name = match group.column(column).compression() {
            Compression::UNCOMPRESSED
            | Compression::SNAPPY
            | Compression::GZIP(_)
            | Compression::LZ4
            | Compression::LZ4_RAW
            | Compression::ZSTD(_) => continue,
            Compression::BROTLI(_) => "Brotli",
            Compression::LZO => "LZO",
        };
        bail!(
            "it is compressed with {name}, which is not read; write it again with Snappy or \
             Zstandard (in pandas: to_parquet(..., compression=\"zstd\"))"
        );
    }
    Ok(())
}

/// The values of a column in a group of rows.
pub(crate) fn column(
    file: &Arc<Positioned>,
    metadata: &ParquetMetaData,
    group: usize,
    column: usize,
) -> parquet::errors::Result<ColumnReader> {
    let rows = usize::try_from(metadata.row_group(group).num_rows())?;
    let chunk = metadata.row_group(group).column(column);
    let described = chunk.column_descr_ptr();
    let pages = |chunk| SerializedPageReader::new(Arc::clone(file), chunk, rows, None);
    let pages: Box<dyn PageReader> = match chunk.compression() {
        Compression::ZSTD(_) => {
            // So that the crate gives the pages as they are.
            let plain = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED);
            let limit = chunk.uncompressed_size().clamp(0, MOST_BYTES).cast_unsigned();
            Box::new(Unpacked { pages: pages(&plain.build()?)?, limit })
        }
        _ => Box::new(pages(chunk)?),
    };
    Ok(get_column_reader(described, pages))
}

/// Pages that are unpacked when they are read.
struct Unpacked {
    pages: SerializedPageReader<Positioned>,
    /// Most bytes that a page has, by what the file says of all of them.
    limit: u64,
}

impl Iterator for Unpacked {
    type Item = parquet::errors::Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Unpacked {
    fn get_next_page(&mut self) -> parquet::errors::Result<Option<Page>> {
        self.pages.get_next_page()?.map(|page| unpacked(page, self.limit)).transpose()
    }

    fn peek_next_page(&mut self) -> parquet::errors::Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> parquet::errors::Result<()> {
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> parquet::errors::Result<Option<Page>> {
        self.pages.take_deferred_dictionary()?.map(|page| unpacked(page, self.limit)).transpose()
    }

    fn at_record_boundary(&mut self) -> parquet::errors::Result<bool> {
        self.pages.at_record_boundary()
    }
}

fn unpacked(mut page: Page, limit: u64) -> parquet::errors::Result<Page> {
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
            *buf = bytes(buf, 0, limit)?;
        }
        // Its levels lie in front, as they are.
        Page::DataPageV2 {
            buf, def_levels_byte_len, rep_levels_byte_len, is_compressed, ..
        } => {
            if *is_compressed {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                *buf = bytes(buf, usize::try_from(levels)?, limit)?;
            }
        }
    }
    Ok(page)
}

/// `packed` with what follows its first `plain` bytes unpacked, to `limit` bytes at most.
fn bytes(packed: &[u8], plain: usize, limit: u64) -> parquet::errors::Result<bytes::Bytes> {
    let damaged = || ParquetError::General("a page of it is damaged".to_owned());
    let (plain, mut packed) = packed.split_at_checked(plain).ok_or_else(damaged)?;
    let mut all = plain.to_vec();
    // A page without values has none.
    if !packed.is_empty() {
        let decoder = StreamingDecoder::new(&mut packed).map_err(|_| damaged())?;
        decoder.take(limit).read_to_end(&mut all).map_err(|_| damaged())?;
    }
    Ok(all.into())
}
