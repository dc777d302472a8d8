//! The credential report: asked for, in the making, there, stale.

use jiff::Timestamp;

/// The state of the report.
#[derive(Debug, Clone, Default)]
pub(super) enum Report {
    /// Never asked for.
    #[default]
    Absent,
    /// In the making.
    Started {
        /// When it was asked for.
        at: Timestamp,
    },
}
