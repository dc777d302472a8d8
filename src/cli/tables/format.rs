//! How a row is written: JSON that no byte of leaves ASCII, CSV that no spreadsheet runs, or aligned text.

use std::borrow::Cow;
use std::fmt::Write as _;

use csv::{QuoteStyle, WriterBuilder};
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::output;
use crate::domain::age;
use crate::domain::text::clean;
use crate::kit::document::width;
use crate::kit::query::field::{self, Spec};
use crate::kit::table::Row;

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One array of objects; everything outside ASCII is `\uXXXX`.
    Json,
    /// Such an object on each line, and nothing else.
    JsonLines,
    /// A header line and quoted cells.
    Csv,
    /// Columns of text.
    Plain,
}

/// A row as a JSON object on one line of ASCII: what we know, and the record as AWS sent it where there is one.
pub(super) fn json<R: Row>(row: &R) -> String {
    let mut object = serde_json::to_value(row).unwrap_or(Value::Null);
    let raw = object.as_object_mut().and_then(|members| members.remove("raw"));
    let mut text = object.to_string();
    if let Some(Value::String(raw)) = raw {
        let record = match serde_json::from_str::<&RawValue>(&raw) {
            Ok(record) => record.get().to_owned(),
            // Not JSON: an event that could not be decoded. Its text is evidence nevertheless.
            Err(_) => Value::String(raw).to_string(),
        };
        text.truncate(text.len().saturating_sub(1));
        let _ = write!(text, ",\"record\":{record}}}");
    }
    output::json(&text).into_owned()
}

/// What the columns of a row show.
pub(super) fn cells<R: Row>(row: &R, now: Timestamp) -> Vec<String> {
    (0..R::COLUMNS.len()).map(|column| clean(&row.cell(column, now).text).into_owned()).collect()
}

/// What the fields of a row say, for machines: a value can be put into a filter as it is.
pub(super) fn values<R: Row>(row: &R, now: Timestamp) -> Vec<String> {
    R::FIELDS.iter().map(|field| value(&field.of(row), &field.spec, now)).collect()
}

fn value(value: &field::Value<'_>, spec: &Spec, now: Timestamp) -> String {
    use field::Value;
    match value {
        Value::Text(text) | Value::Shown(text, _) => clean(text).into_owned(),
        Value::Texts(texts) => {
            // Of a field that has one value the others are only names for it.
            let most = if spec.list { texts.len() } else { 1 };
            texts.iter().take(most).map(|text| clean(text)).collect::<Vec<_>>().join(";")
        }
        Value::Number(number, _) => number.to_string(),
        Value::Time(at) if spec.in_days => age::days(*at, now).to_string(),
        Value::Time(at) => at.to_string(),
        Value::Absent("never") => "never".to_owned(),
        Value::Absent(_) => String::new(),
        Value::Unsure(why) => why.word().to_owned(),
    }
}

/// A line of CSV.
pub(super) fn csv<S: AsRef<str>>(cells: &[S]) -> Vec<u8> {
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(Vec::new());
    // Writing to a `Vec` cannot fail.
    let _ = writer.write_record(cells.iter().map(|cell| harmless(cell.as_ref()).into_owned()));
    writer.into_inner().unwrap_or_default()
}

/// Puts `'` before what a spreadsheet would take for a formula, at the start of the cell and of each line in it.
pub(super) fn harmless(cell: &str) -> Cow<'_, str> {
    if !cell.split(['\n', '\r']).any(is_formula) && !cell.starts_with(['\t', '\n', '\r']) {
        return Cow::Borrowed(cell);
    }
    let mut out = String::with_capacity(cell.len() + 2);
    if cell.starts_with(['\t', '\n', '\r']) {
        out.push('\'');
    }
    for line in cell.split_inclusive(['\n', '\r']) {
        if is_formula(line) {
            out.push('\'');
        }
        out.push_str(line);
    }
    Cow::Owned(out)
}

fn is_formula(line: &str) -> bool {
    // The wide forms are the same to spreadsheets of East Asian systems.
    line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Wider cells do not widen their column: the columns after them shift in that line.
const WIDEST: usize = 48;

/// The widths of columns that hold these lines.
pub(super) fn widths(lines: &[Vec<String>], columns: usize) -> Vec<usize> {
    let widest = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| width(cell)).max().unwrap_or(0);
    (0..columns).map(|column| widest(column).min(WIDEST)).collect()
}

/// A line of aligned text.
pub(super) fn plain(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, wide) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', wide.saturating_sub(width(cell)) + 2));
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::evidence::Evidence;
    use crate::domain::node::SsmSession;

    #[test]
    fn no_cell_starts_a_formula() {
        for cell in ["=1", "+1", "-1", "@x", "\t=1", "  =1", "\u{a0}=1", "x\n=1", "x\r@y", "\nx", "＝1", "\u{feff}=1"] {
            let guarded = harmless(cell);
            assert!(guarded.contains('\''), "{cell:?}");
            assert!(guarded.split(['\n', '\r']).all(|line| !is_formula(line)), "{cell:?}");
        }
        for cell in ["a=1", "– ", "arn:aws:iam::1:user/x", "3 d", ""] {
            assert!(matches!(harmless(cell), Cow::Borrowed(_)), "{cell:?}");
        }
    }

    #[test]
    fn quotes_and_commas_stay_in_their_cell() {
        assert_eq!(csv(&["a\"b", "c,d", "=x"]), b"\"a\"\"b\",\"c,d\",\"'=x\"\n");
    }

    proptest! {
        #[test]
        fn nothing_a_stranger_wrote_reaches_a_terminal(reason in any::<String>()) {
            let record = serde_json::json!({"SessionId": reason, "Reason": reason, "Owner": reason}).to_string();
            let value = serde_json::from_str(&record).unwrap();
            let session = SsmSession::decode(&value, "us-east-1", true, Evidence::one(&record));
            let cells = cells(&session, Timestamp::UNIX_EPOCH);
            let (line, widths) = (plain(&cells, &[4; 20]), widths(std::slice::from_ref(&cells), 20));
            prop_assert!(line.chars().all(|c| !c.is_control()) && widths.iter().all(|width| *width <= WIDEST));
            for cells in [cells, values(&session, Timestamp::UNIX_EPOCH)] {
                prop_assert!(String::from_utf8(csv(&cells)).unwrap().trim_end().chars().all(|c| !c.is_control()));
            }
            let read: Value = serde_json::from_str(&json(&session)).unwrap();
            prop_assert_eq!(read["record"]["Reason"].as_str(), Some(reason.as_str()));
        }

        #[test]
        fn a_record_that_is_no_json_is_text(raw in any::<String>()) {
            let session = SsmSession::decode(&Value::Null, "us-east-1", true, Evidence::one(&raw));
            let written = json(&session);
            prop_assert!(written.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert!(serde_json::from_str::<Value>(&written).unwrap().get("record").is_some());
        }

        #[test]
        fn a_line_of_csv_reads_back_and_holds_no_formula(cells in proptest::collection::vec(any::<String>(), 1..5)) {
            let line = csv(&cells);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*line);
            let record = reader.records().next().unwrap().unwrap();
            for (cell, read) in cells.iter().zip(&record) {
                prop_assert_eq!(&*harmless(cell), read);
                prop_assert!(read.split(['\n', '\r']).all(|line| !is_formula(line)));
            }
        }
    }
}
