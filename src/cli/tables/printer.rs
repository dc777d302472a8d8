//! Rows on their way to standard output: filtered, counted, written as they come.

use std::io::Write;
use std::marker::PhantomData;

use jiff::Timestamp;

use super::format::{self, Format};
use crate::cli::Failure;
use crate::cli::arguments::TableArguments;
use crate::kit::query::Query;
use crate::kit::table::Row;

/// Rows of plain text that are looked at before the widths of the columns are settled.
const LOOKED_AT: usize = 200;

/// Writes rows of one kind.
pub(in crate::cli) struct Printer<'o, R> {
    out: &'o mut dyn Write,
    format: Format,
    query: Query,
    limit: usize,
    printed: usize,
    now: Timestamp,
    /// Lines of plain text that wait for the widths.
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    row: PhantomData<R>,
}

/// Whether further rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(in crate::cli) enum Flow {
    /// Yes.
    More,
    /// The limit is reached.
    Enough,
}

/// The query of a command line.
///
/// # Errors
/// It is not understood, or no row could match it.
pub(in crate::cli) fn query<R: Row>(arguments: &TableArguments) -> Result<Query, Failure> {
    Query::of::<R>(&arguments.query.join(" ")).map_err(|error| Failure::Usage(error.message))
}

impl<'o, R: Row> Printer<'o, R> {
    /// Understands the arguments and writes the beginning. `now` is what ages are counted from.
    pub(in crate::cli) fn new(out: &'o mut dyn Write, arguments: &TableArguments, now: Timestamp) -> Result<Self, Failure> {
        let query = query::<R>(arguments)?;
        let format = match arguments {
            TableArguments { json: true, .. } => Format::Json,
            TableArguments { jsonl: true, .. } => Format::JsonLines,
            TableArguments { csv: true, .. } => Format::Csv,
            _ => Format::Plain,
        };
        let limit = arguments.limit.unwrap_or(usize::MAX);
        let mut printer =
            Self { out, format, query, limit, printed: 0, now, waiting: Vec::new(), widths: None, row: PhantomData };
        printer.begin()?;
        Ok(printer)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.out.write_all(b"[")?,
            Format::JsonLines => {}
            Format::Csv => {
                let ids: Vec<_> = R::FIELDS.iter().map(|field| field.spec.id).collect();
                self.out.write_all(&format::csv(&ids))?;
            }
            Format::Plain => self.waiting.push(R::COLUMNS.iter().map(|column| column.title.to_uppercase()).collect()),
        }
        Ok(())
    }

    /// Whether further rows are wanted.
    pub(in crate::cli) fn flow(&self) -> Flow {
        if self.printed < self.limit { Flow::More } else { Flow::Enough }
    }

    /// Writes a row if it matches.
    pub(in crate::cli) fn row(&mut self, row: &R) -> Result<Flow, Failure> {
        if self.flow() == Flow::Enough || !self.query.matches(row, self.now) {
            return Ok(self.flow());
        }
        match self.format {
            Format::Json => {
                let separator = if self.printed == 0 { "\n" } else { ",\n" };
                write!(self.out, "{separator}{}", format::json(row))?;
            }
            Format::JsonLines => writeln!(self.out, "{}", format::json(row))?,
            Format::Csv => self.out.write_all(&format::csv(&format::values(row, self.now)))?,
            Format::Plain => self.plain(format::cells(row, self.now))?,
        }
        self.printed += 1;
        Ok(self.flow())
    }

    /// Hands what is written to the reader, at the end of a page.
    pub(in crate::cli) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// Writes the end.
    pub(in crate::cli) fn end(mut self) -> Result<(), Failure> {
        match self.format {
            Format::Json if self.printed == 0 => self.out.write_all(b"]\n")?,
            Format::Json => self.out.write_all(b"\n]\n")?,
            Format::Csv | Format::JsonLines => {}
            Format::Plain => self.settle()?,
        }
        self.flush()
    }

    fn plain(&mut self, cells: Vec<String>) -> Result<(), Failure> {
        match &self.widths {
            Some(widths) => writeln!(self.out, "{}", format::plain(&cells, widths))?,
            None => {
                self.waiting.push(cells);
                if self.waiting.len() > LOOKED_AT {
                    self.settle()?;
                }
            }
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        let widths = format::widths(&waiting, R::COLUMNS.len());
        for line in waiting {
            writeln!(self.out, "{}", format::plain(&line, &widths))?;
        }
        self.widths = Some(widths);
        Ok(())
    }
}
