//! The panes: one folder each, with the same four files in each.

use serde::{Deserialize, Serialize};

/// The panes, in the order of their tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaneId {
    /// IAM users and root.
    Users,
    /// Access keys.
    Keys,
    /// GuardDuty findings.
    Findings,
    /// CloudTrail events.
    Trail,
    /// SSM nodes and sessions.
    Bastions,
    /// Calls to AWS.
    Activity,
}

impl PaneId {
    /// All panes, in the order of their tabs.
    pub const ALL: [Self; 6] = [Self::Users, Self::Keys, Self::Findings, Self::Trail, Self::Bastions, Self::Activity];

    /// Its name on the command line and in keymaps.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Keys => "keys",
            Self::Findings => "findings",
            Self::Trail => "trail",
            Self::Bastions => "bastions",
            Self::Activity => "activity",
        }
    }
}

impl std::str::FromStr for PaneId {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|pane| pane.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            format!("there is no pane {name:?}; there are {}", names.join(", "))
        })
    }
}
