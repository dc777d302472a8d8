//! The root of the console: composes the panes, moves between them, drops stale replies.

pub mod actions;
pub mod connect;
pub mod dialog;
pub mod door;
pub mod entry;
pub mod help;
pub mod layout;
pub mod lock;
mod message;
mod model;
pub mod palette;
pub mod terminals;
mod update;
mod view;

pub use message::{Cadence, Effect, Msg, SessionNews, ShellEffect, Task};
pub use model::{Connection, Detail, FilterField, Model, Notice, Overlay, Reader, Startup};
pub use update::{availability, direct, ends, has_work, mouse_area, needs_draw, update, wants_ticks};
pub use view::render;
