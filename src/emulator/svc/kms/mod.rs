//! KMS: symmetric keys and the data keys made under them, over awsJson1.1.
//!
//! [`Kms`] is a handle that other parts of the world keep: Session Manager's [agent](crate::emulator::agent) unwraps the data keys
//! of encrypted sessions with it, outside any request. It knows nothing of requests, callers or permissions; [`call`] does.

mod api;
mod vault;

pub use api::{call, resource};
pub use vault::{Context, DataKey, Kms, KmsError, Unwrapped};

/// Every operation that KMS answers here.
pub const OPERATIONS: &[&str] = &["GenerateDataKey", "Decrypt", "DescribeKey"];
