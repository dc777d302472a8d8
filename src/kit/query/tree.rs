//! The syntax tree of a query: what screen, command line, exports and the audit log evaluate, and what other stores can compile.

use core::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::field::Unsure;

/// A query, or a part of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// All of them hold; of none that is true.
    And(Vec<Expr>),
    /// One of them holds.
    Or(Vec<Expr>),
    /// It does not hold: every row that the part does not show, those of unknown value included.
    Not(Box<Expr>),
    /// One question.
    Test(Test),
}

/// One question to a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The field's place among the fields of the table; `None`: every field in which texts are looked for.
    pub field: Option<usize>,
    /// How it is asked.
    pub how: How,
    /// The answers that are wanted: any of them will do.
    pub wants: Vec<Want>,
}

/// How a field is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The value is wanted. What is not known is no value.
    Is,
    /// The value is known and is not wanted.
    IsNot,
}

/// One answer that is wanted. Texts are in small letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// The text occurs in the value.
    Piece {
        /// The text.
        text: String,
        /// Whether it may be a piece of a time.
        time: bool,
    },
    /// The value is this text.
    Text(String),
    /// The value is these pieces in this order, with anything between them.
    Pattern(Vec<String>),
    /// The number, the bytes or the seconds lie there.
    Number(Interval),
    /// So many values there are.
    Count(Interval),
    /// The time is so many seconds ago.
    Age(Interval),
    /// The time lies from here (included) to there (excluded).
    Between(Option<Timestamp>, Option<Timestamp>),
    /// The address lies in this network.
    Network(Network),
    /// The value is not known, for this reason or (`None`) for any.
    Unsure(Option<Unsure>),
    /// There is no value, with this word for it or (`None`) any.
    Absent(Option<String>),
}

/// A range of numbers; an end that is not there is open.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Interval {
    /// Where it begins.
    pub from: Option<End>,
    /// Where it ends.
    pub to: Option<End>,
}

/// An end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The number.
    pub at: f64,
    /// Whether the number itself lies in the range.
    pub included: bool,
}

impl Interval {
    /// Whether the number lies in it.
    pub fn holds(&self, number: f64) -> bool {
        self.from.is_none_or(|from| number > from.at || (from.included && number >= from.at))
            && self.to.is_none_or(|to| number < to.at || (to.included && number <= to.at))
    }

    /// Whether no number lies in it.
    pub fn is_empty(&self) -> bool {
        match (self.from, self.to) {
            (Some(from), Some(to)) => from.at > to.at || (from.at >= to.at && !(from.included && to.included)),
            _ => false,
        }
    }

    /// What lies in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let tighter = |a: Option<End>, b: Option<End>, first_wins: fn(f64, f64) -> bool| match (a, b) {
            (Some(a), Some(b)) if first_wins(a.at, b.at) => Some(a),
            (Some(a), Some(b)) if first_wins(b.at, a.at) => Some(b),
            (Some(a), Some(b)) => Some(End { at: a.at, included: a.included && b.included }),
            (a, b) => a.or(b),
        };
        Self { from: tighter(self.from, other.from, |a, b| a > b), to: tighter(self.to, other.to, |a, b| a < b) }
    }
}

/// A network: an address and how many of its bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// An address in it.
    pub address: IpAddr,
    /// How many of its first bits count: all of them for one address.
    pub bits: u8,
}

impl Network {
    /// Reads an address or `address/bits`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().ok()?;
        let most = if written.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => most,
        };
        if bits > most {
            return None;
        }
        match written.to_canonical() {
            // `::ffff:203.0.113.0/120` is `203.0.113.0/24`; wider ones hold more than IPv4.
            canonical if written.is_ipv6() && canonical.is_ipv4() && bits >= 96 => {
                Some(Self { address: canonical, bits: bits - 96 })
            }
            _ => Some(Self { address: written, bits }),
        }
    }

    /// Whether the address lies in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        let (whole, other) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u128::from(own.to_bits()) << 96, u128::from(other.to_bits()) << 96),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits()),
            _ => return false,
        };
        let shift = 128_u32.saturating_sub(self.bits.into());
        let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
        whole & mask == other & mask
    }
}
