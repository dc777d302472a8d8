//! What the rows of a table can be asked for: fields, the API members they read, and the values they can have.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::domain::known::Known;
use crate::domain::text::Untrusted;

/// A field of the rows of one table.
pub struct Field<R> {
    /// Its name, and what can be asked of it.
    pub spec: Spec,
    get: for<'a> fn(&'a R) -> Value<'a>,
}

impl<R> Clone for Field<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Field<R> {}

/// A field without its row: what the parser, the documents and the headers of exports need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Its name in queries and in the header of CSV: small letters, digits and `_`.
    pub id: &'static str,
    /// Other names for it in queries.
    pub aliases: &'static [&'static str],
    /// The API and the member that it reads.
    pub path: &'static str,
    /// Which values it has.
    pub kind: Kind,
    /// Whether a row may have several values; then `<` and `>` compare how many there are.
    pub list: bool,
    /// Whether its value may be unknown, denied, failed or on its way.
    pub fact: bool,
    /// Whether a row may have none, as the API says.
    pub optional: bool,
    /// Whether a text without a field's name is looked for in it.
    pub searched: bool,
    /// Whether exports write how many days ago the time is.
    pub in_days: bool,
    /// Texts that it is also equal to, with `#` for a number: `# active`.
    pub forms: &'static [&'static str],
}

/// Which values a field has, and so which can be asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Any text, commas and blanks included: names, reasons.
    Text,
    /// Text without commas and blanks: ids, regions, event names. `a,b` is a list of two.
    Id,
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of these words of AWS, which may add others: a word in quotes is taken as it is.
    OpenWords(&'static [&'static str]),
    /// A number in these bounds.
    Number {
        /// The least that there can be.
        least: f64,
        /// The greatest that there can be.
        most: f64,
    },
    /// A number with a word for each part of its range: name, from (included), to (excluded).
    Bands(&'static [(&'static str, f64, f64)]),
    /// A number of bytes: `10kb`, `3mib`.
    Bytes,
    /// A length of time: `500ms`, `2s`, `5min`.
    Duration,
    /// A time, asked for by age (`>90d`) or as a time (`>=2026-11-21`).
    Time,
    /// An address, IPv4 or IPv6; networks as `203.0.113.0/24`. With `names`, the name of a service may stand in its place.
    Address {
        /// Whether a name may stand in its place.
        names: bool,
    },
}

/// Counts.
pub const COUNT: Kind = Kind::Number { least: 0.0, most: f64::MAX };
/// Yes or no; `true` and `false` mean the same.
pub const YES_NO: Kind = Kind::Words(&["yes", "no"]);

/// Why a value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsure {
    /// Nobody has asked, or the source does not say.
    Unknown,
    /// On its way.
    Loading,
    /// AWS refused.
    Denied,
    /// The call failed.
    Failed,
}

impl Unsure {
    /// The word for it in queries and exports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Loading => "loading",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What a field of one row says.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// A text, as AWS gave it.
    Text(Cow<'a, str>),
    /// A text, and what stands for it on screen: a sign before it, or a part of it.
    Shown(Cow<'a, str>, String),
    /// Several.
    Texts(Vec<Cow<'a, str>>),
    /// A number, and how it is written besides.
    Number(f64, Option<Cow<'a, str>>),
    /// A time.
    Time(Timestamp),
    /// There is none, which is known; the word for it: `never`, `none` or `–`.
    Absent(&'static str),
    /// Not known, which is neither none nor no.
    Unsure(Unsure),
}

impl<'a> Value<'a> {
    /// A text that AWS may leave out.
    pub fn text(text: Option<&'a Untrusted>) -> Self {
        Self::raw(text.map(Untrusted::raw))
    }

    /// The same, of a text that is no [`Untrusted`].
    pub fn raw(text: Option<&'a str>) -> Self {
        match text {
            Some(text) if !text.is_empty() => Self::Text(Cow::Borrowed(text)),
            _ => Self::Absent("–"),
        }
    }

    /// A text that stands otherwise on screen.
    pub fn shown(text: &'a Untrusted, shown: impl Into<String>) -> Self {
        Self::Shown(Cow::Borrowed(text.raw()), shown.into())
    }

    /// A word of the program's own.
    pub fn word(word: &'a str) -> Self {
        Self::Text(Cow::Borrowed(word))
    }

    /// `yes` or `no`.
    pub fn yes_no(yes: bool) -> Self {
        Self::word(if yes { "yes" } else { "no" })
    }

    /// Several texts; none of them is the absence of the field.
    pub fn texts(texts: impl IntoIterator<Item = &'a Untrusted>) -> Self {
        let texts: Vec<_> = texts.into_iter().map(|text| Cow::Borrowed(text.raw())).collect();
        if texts.is_empty() { Self::Absent("none") } else { Self::Texts(texts) }
    }

    /// A number.
    pub fn number(number: f64) -> Self {
        Self::Number(number, None)
    }

    /// A count. Counts of things that fit into memory are exact as a float.
    #[expect(clippy::cast_precision_loss, reason = "nothing here is counted to 2^53")]
    pub fn count(count: usize) -> Self {
        Self::Number(count as f64, None)
    }

    /// A time that AWS may leave out.
    pub fn time(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Absent("–"), Self::Time)
    }

    /// What a fact says, or why it says nothing.
    pub fn fact<T>(known: &'a Known<T>, answer: impl FnOnce(&'a T) -> Self) -> Self {
        match known {
            Known::Unknown => Self::Unsure(Unsure::Unknown),
            Known::Loading => Self::Unsure(Unsure::Loading),
            Known::Denied { .. } => Self::Unsure(Unsure::Denied),
            Known::Failed { .. } => Self::Unsure(Unsure::Failed),
            Known::Value { value, .. } => answer(value),
        }
    }

    /// The value, or that nobody knows.
    pub fn or_unknown(value: Option<Self>) -> Self {
        value.unwrap_or(Self::Unsure(Unsure::Unknown))
    }
}

impl<R> Field<R> {
    /// A field of this kind, read from this member of this API.
    pub const fn new(id: &'static str, path: &'static str, kind: Kind, get: for<'a> fn(&'a R) -> Value<'a>) -> Self {
        let spec = Spec {
            id,
            aliases: &[],
            path,
            kind,
            list: false,
            fact: false,
            optional: false,
            searched: true,
            in_days: false,
            forms: &[],
        };
        Self { spec, get }
    }

    /// It has other names, too.
    #[must_use]
    pub const fn or(mut self, aliases: &'static [&'static str]) -> Self {
        self.spec.aliases = aliases;
        self
    }

    /// A row may have several values.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.spec.list = true;
        self.spec.optional = true;
        self
    }

    /// Its value may be unknown, denied, failed or on its way.
    #[must_use]
    pub const fn fact(mut self) -> Self {
        self.spec.fact = true;
        self
    }

    /// A row may have none.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.spec.optional = true;
        self
    }

    /// A text without a field's name is not looked for in it.
    #[must_use]
    pub const fn unsearched(mut self) -> Self {
        self.spec.searched = false;
        self
    }

    /// Exports write how many days ago the time is, and not the time.
    #[must_use]
    pub const fn in_days(mut self) -> Self {
        self.spec.in_days = true;
        self
    }

    /// It is also equal to texts of these forms, with `#` for a number.
    #[must_use]
    pub const fn forms(mut self, forms: &'static [&'static str]) -> Self {
        self.spec.forms = forms;
        self
    }

    /// What it says of this row.
    pub fn of<'a>(&self, row: &'a R) -> Value<'a> {
        (self.get)(row)
    }
}

impl Spec {
    /// Whether this is one of its names.
    pub fn is_called(&self, name: &str) -> bool {
        std::iter::once(&self.id).chain(self.aliases).any(|known| known.eq_ignore_ascii_case(name))
    }

    /// What kind of value it has, in a few words: for messages and documents.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Text => "text",
            Kind::Id => "id",
            Kind::Words(_) | Kind::OpenWords(_) => "word",
            Kind::Number { .. } => "number",
            Kind::Bands(_) => "number or word",
            Kind::Bytes => "bytes",
            Kind::Duration => "duration",
            Kind::Time => "time",
            Kind::Address { .. } => "address",
        }
    }

    /// Which values can be asked for, in words.
    pub fn values(&self) -> String {
        let mut values = match self.kind {
            Kind::Text | Kind::Id => Vec::new(),
            Kind::Words(words) | Kind::OpenWords(words) => words.iter().map(ToString::to_string).collect(),
            Kind::Number { least, most } if most < f64::MAX => vec![format!("numbers from {least} to {most}")],
            Kind::Number { .. } => vec!["numbers".to_owned()],
            Kind::Bands(bands) => bands.iter().map(|(word, ..)| (*word).to_owned()).chain(["numbers".to_owned()]).collect(),
            Kind::Bytes => vec!["sizes such as 10kb or 3mib".to_owned()],
            Kind::Duration => vec!["durations such as 500ms, 2s or 5min".to_owned()],
            Kind::Time => {
                vec!["ages such as 90d, 12h, 30min".to_owned(), "times such as 2026-11-21 or 2026-11-21T03:00Z".to_owned()]
            }
            Kind::Address { names } => {
                let also = if names { "names of services" } else { "" };
                let all = ["addresses", "networks such as 203.0.113.0/24", also];
                all.into_iter().filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
            }
        };
        values.extend(self.forms.iter().map(|form| format!("\"{form}\"")));
        if self.optional {
            values.push(if matches!(self.kind, Kind::Time) { "never, none" } else { "none" }.to_owned());
        }
        if self.fact {
            values.push("unknown, denied, failed, loading".to_owned());
        }
        values.join(", ")
    }
}
