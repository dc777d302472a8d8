//! Actions: what a person can do, as data. Keys, help, palette, which-key and the generated documents are made from these tables.

use serde::{Deserialize, Serialize};

/// How much an action can hurt; decides which confirmation the door asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Danger {
    /// Changes nothing at AWS.
    Safe,
    /// Can be undone by one call: one key is enough.
    Reversible,
    /// Changes security and can be undone: a dialog names what it does.
    Confirm,
    /// Cannot be undone, or hurts at once: the name has to be typed.
    TypeName,
}

/// One action as help, palette, keymap check and documents see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// `scope.name`, as keymap files write it.
    pub id: &'static str,
    /// The scope in which it can be bound: a pane, `list`, `app`, …
    pub scope: &'static str,
    /// What it does, as one imperative sentence without a full stop.
    pub help: &'static str,
    /// How much it can hurt.
    pub danger: Danger,
    /// The IAM actions that it calls (`iam:ListUsers`), for `iam-policy` and the documents.
    pub needs: &'static [&'static str],
}

/// Whether an action can be run now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Ready,
    /// It cannot, and this is why: shown beside it in help and palette, and as a notice when its key is pressed.
    Unavailable(String),
}

/// Declares a scope's actions: an `Action` enum with `ALL`, `spec()` and `FromStr` from one table.
///
/// ```
/// bartizan::actions! { "lamp" {
///     On  = "on",  "Switch the lamp on",  Safe, [];
///     Off = "off", "Switch the lamp off", Safe, [];
/// } }
/// assert_eq!("lamp.on".parse(), Ok(Action::On));
/// assert_eq!(Action::Off.spec().help, "Switch the lamp off");
/// ```
#[macro_export]
macro_rules! actions { ($scope:literal { $( $variant:ident = $id:literal, $help:literal, $danger:ident, [$($needs:literal),* $(,)?]; )* }) => {
    /// What a person can do in this scope.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
    pub enum Action { $( #[doc = $help] $variant ),* }

    impl Action {
        /// Every action of the scope, in the order of the table.
        pub const ALL: &'static [Self] = &[$(Self::$variant),*];

        /// The row of the table.
        pub const fn spec(self) -> $crate::kit::action::Spec {
            match self { $( Self::$variant => $crate::kit::action::Spec {
                id: concat!($scope, ".", $id),
                scope: $scope,
                help: $help,
                danger: $crate::kit::action::Danger::$danger,
                needs: &[$($needs),*],
            } ),* }
        }
    }

    impl ::std::str::FromStr for Action {
        type Err = ();
        fn from_str(id: &str) -> Result<Self, ()> {
            match id { $( concat!($scope, ".", $id) => Ok(Self::$variant), )* _ => Err(()) }
        }
    }
} }
