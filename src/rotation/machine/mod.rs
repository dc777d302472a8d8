//! The machine: what a rotation does next, decided from its durable facts and from what just happened. It makes no call and reads no
//! clock.

mod book;
mod bounds;
mod fact;

pub use book::{Book, Room};
pub use bounds::Bounds;
pub use fact::{Fact, Planned};
