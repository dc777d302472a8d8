//! Keymaps: which keys run which action in which scope. Data in layers: the built-in file, then the person's own.
//!
//! A layer adds bindings to what lies below; `"key" = false` unbinds one, `clear = true` starts a scope empty. Every layer is
//! checked when it is read, and a layer with an error is left out as a whole, so that the last good map stays.

mod check;
mod key;
mod layer;

pub use key::{parse as parse_key, parse_sequence, show as show_key, show_sequence};

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::action::Spec;
use super::input::{Code, Key};
use super::source::{Problem, Source, Weight};

/// The name of a scope: `app`, `list`, `text`, `overlay`, `menu`, `confirm`, `field`, or a pane's.
pub type ScopeName = &'static str;

/// The keymap that is built in.
const DEFAULT: Source<'static> = Source { file: "keymaps/default.toml", text: include_str!("../../../keymaps/default.toml") };

/// Scopes of things that lie over the panes: of what lies outside of them only `ctrl-` keys and `esc` come through.
const MODAL: [ScopeName; 4] = ["field", "menu", "overlay", "confirm"];

/// The scope in which characters are typed.
const FIELD: ScopeName = "field";

/// Every action there is, by its id: what a keymap may name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// In the order of the tables, which is the order of help and documents.
    specs: IndexMap<&'static str, Spec>,
}

impl Catalogue {
    /// A catalogue of these actions.
    pub fn new(specs: impl IntoIterator<Item = Spec>) -> Self {
        Self { specs: specs.into_iter().map(|spec| (spec.id, spec)).collect() }
    }

    /// The action with this id.
    pub fn get(&self, id: &str) -> Option<Spec> {
        self.specs.get(id).copied()
    }

    /// All actions, in the order of their tables.
    pub fn specs(&self) -> impl Iterator<Item = Spec> + '_ {
        self.specs.values().copied()
    }

    fn scope(&self, name: &str) -> Option<ScopeName> {
        self.specs.values().map(|spec| spec.scope).find(|scope| *scope == name)
    }
}

/// One binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where it works.
    pub scope: ScopeName,
    /// One key, or several pressed one after the other.
    pub keys: Vec<Key>,
    /// The action's id.
    pub id: &'static str,
}

/// What the keys pressed so far mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// This action.
    Action(&'static str),
    /// A character for the field that has the focus.
    Text(char),
    /// The beginning of longer sequences: what can follow, and what it would run. The which-key window shows it.
    Prefix(Vec<(Vec<Key>, &'static str)>),
    /// Nothing. The keys are swallowed, never run one by one: the second of them alone could be a dangerous one.
    None,
}

/// A whole keymap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keymap {
    catalogue: Catalogue,
    /// In the order of the files, which is the order in which help and footer show them.
    bindings: Vec<Binding>,
    /// Positions in `bindings`, by scope and keys: the keys that begin a sequence stand right before it.
    index: BTreeMap<ScopeName, BTreeMap<Vec<Key>, usize>>,
}

impl Keymap {
    /// The built-in keymap. Problems are defects; a test shows that there are none.
    pub fn built_in(catalogue: &Catalogue) -> (Self, Vec<Problem>) {
        Self::layered(catalogue, &[])
    }

    /// The built-in keymap and these files over it. A file with an error is left out; the problems say why.
    pub fn layered(catalogue: &Catalogue, files: &[Source<'_>]) -> (Self, Vec<Problem>) {
        let (mut keymap, mut problems) = (Self { catalogue: catalogue.clone(), ..Self::default() }, Vec::new());
        for source in std::iter::once(&DEFAULT).chain(files) {
            let layer = layer::read(source, catalogue);
            let mut next = keymap.clone();
            next.apply(&layer);
            let found: Vec<Problem> =
                layer.problems.iter().cloned().chain(check::all(&next, &layer, source, catalogue)).collect();
            if found.iter().all(|problem| problem.weight < Weight::Error) {
                keymap = next;
            }
            problems.extend(found);
        }
        (keymap, problems)
    }

    fn apply(&mut self, layer: &layer::Layer) {
        for scope in &layer.cleared {
            self.bindings.retain(|binding| binding.scope != *scope);
        }
        for entry in &layer.entries {
            self.bindings.retain(|binding| binding.scope != entry.scope || binding.keys != entry.keys);
            if let Some(id) = entry.id {
                self.bindings.push(Binding { scope: entry.scope, keys: entry.keys.clone(), id });
            }
        }
        self.index.clear();
        for (at, binding) in self.bindings.iter().enumerate() {
            self.index.entry(binding.scope).or_default().insert(binding.keys.clone(), at);
        }
    }

    /// The actions that this keymap was made for.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Every binding, in the order of the files.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What `pending` (the keys pressed since the last action) means where these scopes are open, innermost first.
    pub fn resolve(&self, scopes: &[ScopeName], pending: &[Key]) -> Resolution {
        if let [Key { code: Code::Char(character), ctrl: false, alt: false }] = pending
            && scopes.contains(&FIELD)
        {
            return Resolution::Text(*character);
        }
        let modal = scopes.iter().any(|scope| MODAL.contains(scope));
        let passes = pending.first().is_some_and(|key| key.ctrl || key.code == Code::Esc);
        let mut following: Vec<(Vec<Key>, &'static str)> = Vec::new();
        for scope in scopes.iter().filter(|scope| !modal || passes || MODAL.contains(scope)) {
            let Some(index) = self.index.get(scope) else { continue };
            for (keys, at) in index.range(pending.to_vec()..).take_while(|(keys, _)| keys.starts_with(pending)) {
                let Some(binding) = self.bindings.get(*at) else { continue };
                let rest = keys.get(pending.len()..).unwrap_or_default();
                if rest.is_empty() && following.is_empty() {
                    return Resolution::Action(binding.id);
                }
                if !rest.is_empty() && following.iter().all(|(known, _)| known != rest) {
                    following.push((rest.to_vec(), binding.id));
                }
            }
        }
        if following.is_empty() { Resolution::None } else { Resolution::Prefix(following) }
    }

    /// The keys that run an action, as keymap files write them, in the order of the files.
    pub fn keys_for(&self, id: &str) -> Vec<String> {
        self.bindings.iter().filter(|binding| binding.id == id).map(|binding| show_sequence(&binding.keys)).collect()
    }

    /// The first of the keys that run an action: what the footer shows.
    pub fn key_for(&self, id: &str) -> Option<String> {
        self.bindings.iter().find(|binding| binding.id == id).map(|binding| show_sequence(&binding.keys))
    }
}
