//! IAM: users, their facts, the credential report, access keys. Lists end where `IsTruncated` is false, not where a page is short.

mod access;
mod facts;
mod keys;
mod report;
mod simulate;
mod users;

pub use access::{access, has_password, user_policy};
pub use facts::user_facts;
pub(super) use keys::list as list_keys;
pub use keys::{access_keys, key_last_used};
pub use report::credential_report;
pub use simulate::simulate;
pub use users::{account_alias, users};
