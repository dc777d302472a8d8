//! Shared drawing. Every function paints plain data into a buffer with the roles of a [`Look`](crate::theme::Look); none keeps state.

pub mod blank;
pub mod columns;
pub mod dialog;
pub mod field;
pub mod footer;
pub mod header;
pub mod menu;
pub mod paint;
pub mod status;
pub mod table;
pub mod tabs;
pub mod terminal;
pub mod text;
pub mod toast;
pub mod too_small;
pub mod which_key;
pub mod window;

mod seal;

pub use seal::seal;
