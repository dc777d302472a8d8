//! The hands of a rotation: each task of the machine as calls to AWS, store, keyring and escrow.

mod keys;
mod secret;

use std::sync::Arc;

use super::desk::Environment;
use super::edges::Edges;
use super::escrow::{DataKey, DataKeys, Escrow};
use super::leaked::Leaked;
use super::machine::{Book, Found, Inventory, Outcome, Planned, Stranger, Task, Trouble, is_active};
use super::service::{CreateFailed, KeyFacts, Service};
use super::stores::{KeyPair, Owner, Store};
use crate::domain::rotation::{Command, OtherKey};
use crate::kit::confirm::Approved;

/// What the tasks of one rotation are done with.
pub(super) struct Hands {
    service: Arc<dyn Service>,
    store: Arc<dyn Store>,
    data_keys: Arc<dyn DataKeys>,
    escrow: Escrow,
    leaked: Leaked,
    edges: Edges,
    approved: Approved<Command>,
    planned: Planned,
    /// The new pair, from its making until it is in the store.
    hand: Option<KeyPair>,
    /// The escrow's key, once it was read.
    data_key: Option<DataKey>,
    /// What was read a moment ago under the user's lock: the first inventory.
    inventory: Option<Inventory>,
    /// The change of a status that this process has sent: before it is sent again, the list is asked whether it has to be.
    sent: Option<(String, bool)>,
}

impl Hands {
    pub(super) fn new(environment: &Environment, approved: Approved<Command>, planned: &Planned) -> Result<Self, String> {
        let (begun, here) = (&planned.account, environment.service.account());
        if begun != here || begun != approved.account() {
            return Err(format!("it is of account {begun}, and these are credentials of {here}: nothing was sent"));
        }
        let owner = Owner { account: planned.account.clone(), user: planned.user.clone() };
        let store = environment.stores.open(&planned.store, &owner, &approved).map_err(|error| error.to_string())?;
        Ok(Self {
            service: Arc::clone(&environment.service),
            store,
            data_keys: Arc::clone(&environment.data_keys),
            escrow: Escrow::of(&environment.folder, &planned.id),
            leaked: environment.leaked.clone(),
            edges: environment.edges.clone(),
            approved,
            planned: planned.clone(),
            hand: None,
            data_key: None,
            inventory: None,
            sent: None,
        })
    }

    /// With what was read as the rotation began: it is the first inventory, so that no second one is taken at once.
    pub(super) fn knowing(self, inventory: Option<Inventory>) -> Self {
        Self { inventory, ..self }
    }

    /// From now on changes are made under this approval.
    pub(super) fn approve(&mut self, approved: Approved<Command>) {
        self.approved = approved;
    }

    /// The key whose secret is in memory and perhaps nowhere else.
    pub(super) fn in_hand(&self) -> Option<String> {
        self.hand.as_ref().map(|pair| pair.id.clone())
    }

    /// Does a task.
    pub(super) async fn perform(&mut self, task: &Task, book: &Book) -> Outcome {
        match task {
            Task::Inventory => Outcome::Inventory(self.inventory(book).await),
            Task::Create => Outcome::Created(self.create().await),
            Task::Reconcile => Outcome::Found(self.reconcile().await),
            Task::Inspect(keys) => Outcome::Strangers(self.inspect(keys).await),
            Task::Check => Outcome::Checked(self.check(book).await),
            Task::LastUsed => {
                let signer = if book.planned.own_key && book.promoted.is_some() { self.new_pair(book).await } else { Ok(None) };
                Outcome::LastUsed(match signer {
                    Ok(signer) => {
                        self.edged(self.service.last_used(&self.planned.old_key, signer.as_ref())).await.map_err(Into::into)
                    }
                    Err(trouble) => Err(trouble),
                })
            }
            Task::Prepare => Outcome::Done(self.prepare().await),
            Task::Adopt => Outcome::Done(self.adopt().await),
            Task::Escrow => Outcome::Done(self.seal()),
            Task::Store => Outcome::Done(self.put(book).await),
            Task::Promote => Outcome::Done(self.promote(book).await),
            Task::Lift => Outcome::Done(self.lift().await),
            Task::Demote => Outcome::Done(self.demote(book).await),
            Task::SetStatus { key, active, signer } => Outcome::Done(self.set_status(key, *active, *signer, book).await),
            Task::Delete { key, signer } => Outcome::Done(self.delete(key, *signer, book).await),
            Task::Finish(forget) => Outcome::Done(self.finish(forget.as_deref(), book).await),
        }
    }

    /// A call between two edges.
    async fn edged<T>(&self, call: impl Future<Output = T>) -> T {
        self.edges.pass();
        let result = call.await;
        self.edges.pass();
        result
    }

    async fn inventory(&mut self, book: &Book) -> Result<Inventory, Trouble> {
        if let Some(known) = self.inventory.take() {
            return Ok(known);
        }
        let user = self.edged(self.service.user(&self.planned.user));
        let keys = self.edged(self.service.keys(&self.planned.user, None));
        let (user, keys) = futures::future::try_join(user, keys).await?;
        let other_last_used = match &self.planned.other {
            // Of one that this rotation has made inactive a use may show late.
            Some((other, OtherKey::Retire))
                if is_active(&keys, other).is_some_and(|is_active| is_active || book.deactivated_other) =>
            {
                self.edged(self.service.last_used(other, None)).await.ok()
            }
            _ => None,
        };
        Ok(Inventory { user_id: user.id, keys, other_last_used })
    }

    async fn create(&mut self) -> Result<String, CreateFailed> {
        let changes = self.service.changes(&self.approved, None).await.map_err(CreateFailed::Refused)?;
        let made = self.edged(changes.create(&self.planned.user)).await?;
        let id = made.pair.id.clone();
        self.hand = Some(made.pair);
        Ok(id)
    }

    async fn reconcile(&mut self) -> Result<Found, Trouble> {
        let escrowed = match self.data_key().await? {
            Some(()) => self.escrowed_pair()?.map(|pair| pair.id),
            None => None,
        };
        let user = self.edged(self.service.user(&self.planned.user));
        let keys = self.edged(self.service.keys(&self.planned.user, None));
        let (user, keys) = futures::future::try_join(user, keys).await?;
        Ok(Found { user_id: user.id, keys, escrowed })
    }

    async fn inspect(&self, ids: &[String]) -> Result<Vec<Stranger>, Trouble> {
        let keys = self.edged(self.service.keys(&self.planned.user, None)).await?;
        let mut strangers = Vec::new();
        for key in keys.into_iter().filter(|key| ids.contains(&key.id)) {
            strangers.push(self.look_at(key).await);
        }
        Ok(strangers)
    }

    async fn look_at(&self, key: KeyFacts) -> Stranger {
        Stranger {
            created: key.created,
            last_used: self.service.last_used(&key.id, None).await.ok(),
            in_store: self.store.read(&key.id).await.ok().map(|secret| secret.is_some()),
            trace: self.service.trace(&self.planned.user, &key.id).await.ok(),
            key: key.id,
        }
    }
}
