//! One filter language for every table, on screen and on the command line; `docs/filter.md` describes it.
//!
//! A text becomes one tree ([`tree::Expr`]) over the fields of a table ([`field::Field`]), and one evaluator answers for all
//! of them. What no row can ever match (a field that is not there, a value that the field cannot have, an empty range) is an
//! error with what would be right, not an empty list.

mod amount;
mod check;
mod eval;
pub mod field;
mod parse;
mod scan;
pub mod tree;
mod value;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::table::Row;
use field::Spec;
use tree::Expr;

/// A parsed query. The empty one matches everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    text: String,
    tree: Expr,
}

impl Default for Query {
    fn default() -> Self {
        Self { text: String::new(), tree: Expr::And(Vec::new()) }
    }
}

/// Why a query was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// One sentence: what is wrong, and what would be right.
    pub message: String,
}

impl QueryError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl Query {
    /// Parses a query for rows with these fields.
    ///
    /// # Errors
    /// It is not understood, or no row could ever match it.
    pub fn parse(text: &str, fields: &[Spec]) -> Result<Self, QueryError> {
        Ok(Self { text: text.to_owned(), tree: parse::parse(text, fields)? })
    }

    /// Parses a query for rows of this type.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn of<R: Row>(text: &str) -> Result<Self, QueryError> {
        Self::parse(text, &specs::<R>())
    }

    /// The query as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it asks for.
    pub fn tree(&self) -> &Expr {
        &self.tree
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        matches!(&self.tree, Expr::And(parts) if parts.is_empty())
    }

    /// Whether a row matches.
    pub fn matches<R: Row>(&self, row: &R, now: Timestamp) -> bool {
        eval::holds(&self.tree, row, now)
    }
}

/// The fields of a row's type, without the row.
pub fn specs<R: Row>() -> Vec<Spec> {
    R::FIELDS.iter().map(|field| field.spec).collect()
}
