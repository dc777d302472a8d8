//! The panes: one folder each, with the same files in each. `mod.rs` is the contract (actions, what is read, what comes back), `model.rs`
//! what the pane knows, `row.rs` its columns, `update.rs` what it does, `detail.rs` all about one row.
//!
//! A new pane is a variant of [`PaneId`]: the compiler then lists the matches in this folder that want an arm.

pub mod activity;
pub mod bastions;
mod common;
mod dispatch;
pub mod findings;
pub mod forwards;
pub mod keys;
pub mod rotations;
pub mod trail;
pub mod users;

use serde::{Deserialize, Serialize};

pub use common::{Blank, Ctx, Missed, Summary};
use common::{
    age_cell, and_global, exactly, last_week, name_cell, needs, needs_row, quoted, section, sourced, text_cell, toggle_query,
    when,
};
pub use dispatch::Prompt;

pub use crate::domain::change::{Done, Mutation};

use crate::kit::action::Spec;

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
    /// Rotations of access keys.
    Rotations,
    /// Local ports that lead to nodes.
    Forwards,
}

impl PaneId {
    /// All panes, in the order of their tabs.
    pub const ALL: [Self; 8] =
        [Self::Users, Self::Keys, Self::Findings, Self::Trail, Self::Bastions, Self::Activity, Self::Rotations, Self::Forwards];

    /// Its name on the command line and in keymaps.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Keys => "keys",
            Self::Findings => "findings",
            Self::Trail => "trail",
            Self::Bastions => "bastions",
            Self::Activity => "activity",
            Self::Rotations => "rotations",
            Self::Forwards => "forwards",
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

/// What the panes know.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Panes {
    /// IAM users and root.
    pub users: users::Model,
    /// Access keys.
    pub keys: keys::Model,
    /// GuardDuty findings.
    pub findings: findings::Model,
    /// CloudTrail events.
    pub trail: trail::Model,
    /// SSM nodes and sessions.
    pub bastions: bastions::Model,
    /// Calls to AWS.
    pub activity: activity::Model,
    /// Rotations of access keys.
    pub rotations: rotations::Model,
    /// Local ports that lead to nodes.
    pub forwards: forwards::Model,
}

/// What a pane reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// For the users pane.
    Users(users::Read),
    /// For the keys pane.
    Keys(keys::Read),
    /// For the findings pane.
    Findings(findings::Read),
    /// For the trail pane.
    Trail(trail::Read),
    /// For the bastions pane.
    Bastions(bastions::Read),
    /// For the rotations pane.
    Rotations(rotations::Read),
}

impl Read {
    /// The pane that it is for.
    pub fn pane(&self) -> PaneId {
        match self {
            Self::Users(_) => PaneId::Users,
            Self::Keys(_) => PaneId::Keys,
            Self::Findings(_) => PaneId::Findings,
            Self::Trail(_) => PaneId::Trail,
            Self::Bastions(_) => PaneId::Bastions,
            Self::Rotations(_) => PaneId::Rotations,
        }
    }
}

/// What comes back from a read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// For the users pane.
    Users(users::Msg),
    /// For the keys pane.
    Keys(keys::Msg),
    /// For the findings pane.
    Findings(findings::Msg),
    /// For the trail pane.
    Trail(trail::Msg),
    /// For the bastions pane.
    Bastions(bastions::Msg),
    /// For the rotations pane.
    Rotations(rotations::Msg),
}

/// An action of one of the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnyAction {
    /// Of the users pane.
    Users(users::Action),
    /// Of the keys pane.
    Keys(keys::Action),
    /// Of the findings pane.
    Findings(findings::Action),
    /// Of the trail pane.
    Trail(trail::Action),
    /// Of the bastions pane.
    Bastions(bastions::Action),
    /// Of the activity pane.
    Activity(activity::Action),
    /// Of the rotations pane.
    Rotations(rotations::Action),
    /// Of the forwards pane.
    Forwards(forwards::Action),
}

impl AnyAction {
    /// The pane whose action it is.
    pub fn pane(self) -> PaneId {
        match self {
            Self::Users(_) => PaneId::Users,
            Self::Keys(_) => PaneId::Keys,
            Self::Findings(_) => PaneId::Findings,
            Self::Trail(_) => PaneId::Trail,
            Self::Bastions(_) => PaneId::Bastions,
            Self::Activity(_) => PaneId::Activity,
            Self::Rotations(_) => PaneId::Rotations,
            Self::Forwards(_) => PaneId::Forwards,
        }
    }
}

impl AnyAction {
    /// The row of its table.
    pub fn spec(self) -> Spec {
        match self {
            Self::Users(action) => action.spec(),
            Self::Keys(action) => action.spec(),
            Self::Findings(action) => action.spec(),
            Self::Trail(action) => action.spec(),
            Self::Bastions(action) => action.spec(),
            Self::Rotations(action) => action.spec(),
            Self::Forwards(action) => action.spec(),
            Self::Activity(action) => action.spec(),
        }
    }
}

impl std::str::FromStr for AnyAction {
    type Err = ();

    fn from_str(id: &str) -> Result<Self, ()> {
        (id.parse().map(Self::Users))
            .or_else(|()| id.parse().map(Self::Keys))
            .or_else(|()| id.parse().map(Self::Findings))
            .or_else(|()| id.parse().map(Self::Trail))
            .or_else(|()| id.parse().map(Self::Bastions))
            .or_else(|()| id.parse().map(Self::Activity))
            .or_else(|()| id.parse().map(Self::Rotations))
            .or_else(|()| id.parse().map(Self::Forwards))
    }
}

/// The panes' own actions; those that all lists share are in [`crate::app::actions`].
pub fn catalogue() -> impl Iterator<Item = Spec> {
    (users::Action::ALL.iter().map(|action| action.spec()))
        .chain(keys::Action::ALL.iter().map(|action| action.spec()))
        .chain(findings::Action::ALL.iter().map(|action| action.spec()))
        .chain(trail::Action::ALL.iter().map(|action| action.spec()))
        .chain(bastions::Action::ALL.iter().map(|action| action.spec()))
        .chain(activity::Action::ALL.iter().map(|action| action.spec()))
        .chain(rotations::Action::ALL.iter().map(|action| action.spec()))
        .chain(forwards::Action::ALL.iter().map(|action| action.spec()))
}

/// The IAM actions that a pane's reads call.
pub fn needs_of(pane: PaneId) -> &'static [&'static str] {
    match pane {
        PaneId::Users => users::NEEDS,
        PaneId::Keys => keys::NEEDS,
        PaneId::Findings => findings::NEEDS,
        PaneId::Trail => trail::NEEDS,
        PaneId::Bastions => bastions::NEEDS,
        PaneId::Activity | PaneId::Rotations | PaneId::Forwards => &[],
    }
}
