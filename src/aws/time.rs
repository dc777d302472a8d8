//! The SDK's times as ours.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// A time the SDK parsed. Times beyond the year 9999 do not fit and count as absent.
pub(crate) fn timestamp(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).unwrap_or(0)).ok()
}

/// A time of ours for the SDK.
pub(crate) fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}
