//! Tests of the pure floors: no AWS, no terminal, no clock.

mod architecture;
mod query;
mod table;
