//! Changes to keys: each looks first, and believes the list more than the answer.

use super::Hands;
use crate::domain::fault::FaultKind;
use crate::rotation::machine::{Book, Signer, Trouble, is_active};
use crate::rotation::stores::KeyPair;

impl Hands {
    /// Sets a key's status. An answer that was lost is no matter: the list decides.
    pub(super) async fn set_status(&self, key: &str, active: bool, signer: Signer, book: &Book) -> Result<(), Trouble> {
        let user = &self.planned.user;
        let signer = self.signer(signer, book).await?;
        let listed = self.edged(self.service.keys(user, signer.as_ref())).await?;
        if is_active(&listed, key) == Some(active) {
            return Ok(());
        }
        let changes = self.service.changes(&self.approved, signer.as_ref()).await?;
        let called = self.edged(changes.set_status(user, key, active)).await;
        if let Err(fault) = &called
            && fault.kind == FaultKind::NotFound
        {
            // A key that is gone is as inactive as can be.
            return if active { Err(Trouble::Foreign(format!("{key} is gone: somebody has deleted it"))) } else { Ok(()) };
        }
        let listed = self.edged(self.service.keys(user, signer.as_ref())).await;
        match (listed, called) {
            (Ok(keys), _) if is_active(&keys, key) == Some(active) => Ok(()),
            (_, Err(fault)) => Err(fault.into()),
            (Err(fault), Ok(())) => Err(fault.into()),
            (Ok(_), Ok(())) => Err(Trouble::NotSeen(format!("the change to {key} was accepted and does not show yet"))),
        }
    }

    /// Deletes a key that is not active.
    pub(super) async fn delete(&self, key: &str, signer: Signer, book: &Book) -> Result<(), Trouble> {
        let user = &self.planned.user;
        let signer = self.signer(signer, book).await?;
        let listed = self.edged(self.service.keys(user, signer.as_ref())).await?;
        if is_active(&listed, key) == Some(true) {
            return Err(Trouble::StillActive);
        }
        let changes = self.service.changes(&self.approved, signer.as_ref()).await?;
        let called = self.edged(changes.delete(user, key)).await;
        if called.as_ref().is_err_and(|fault| fault.kind == FaultKind::NotFound) {
            return Ok(());
        }
        let listed = self.edged(self.service.keys(user, signer.as_ref())).await;
        match (listed, called) {
            (Ok(keys), _) if is_active(&keys, key).is_none() => Ok(()),
            (_, Err(fault)) => Err(fault.into()),
            (Err(fault), Ok(())) => Err(fault.into()),
            (Ok(_), Ok(())) => Err(Trouble::NotSeen(format!("the deletion of {key} was accepted and does not show yet"))),
        }
    }

    async fn signer(&self, signer: Signer, book: &Book) -> Result<Option<KeyPair>, Trouble> {
        match signer {
            Signer::Console => Ok(None),
            Signer::NewKey => self.new_pair(book).await,
        }
    }
}
