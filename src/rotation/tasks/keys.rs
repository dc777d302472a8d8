//! Changes to keys: the list is believed more than the answer.

use super::Hands;
use crate::domain::fault::FaultKind;
use crate::rotation::leaked::Awakening;
use crate::rotation::machine::{Book, Planned, Signer, Trouble, is_active};
use crate::rotation::stores::KeyPair;

impl Hands {
    /// Sets a key's status, and believes the list alone that it is so. An answer that was lost is no matter.
    ///
    /// The first time the call is made without a look: it says how the key is to be, not how it is to change, so that one too many
    /// does no harm. Later the list may show by now what was accepted before, and nothing is called again.
    pub(super) async fn set_status(&mut self, key: &str, active: bool, signer: Signer, book: &Book) -> Result<(), Trouble> {
        if active {
            self.may_wake(key, book).await?;
        }
        let user = &self.planned.user;
        let signer = self.signer(signer, book).await?;
        let change = (key.to_owned(), active);
        if self.sent.as_ref() == Some(&change) {
            let listed = self.edged(self.service.keys(user, signer.as_ref())).await?;
            if is_active(&listed, key) == Some(active) {
                return Ok(());
            }
        }
        self.sent = Some(change);
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

    /// A containment may have come since the rotation began.
    async fn may_wake(&self, key: &str, book: &Book) -> Result<(), Trouble> {
        let Planned { account, user, .. } = self.planned.clone();
        let awakening = Awakening { account, user, key: key.to_owned(), began: book.started };
        self.leaked.forbids(awakening).await.map_or(Ok(()), |why| Err(Trouble::Foreign(why)))
    }

    /// Deletes a key that is not active. The list is asked first, always: who deletes an active key locks somebody out.
    ///
    /// That AWS has deleted the old key is believed: nothing comes after it that would take a list for the truth. The others are seen
    /// gone, because the next inventory must not find them.
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
        if called.is_ok() && key == self.planned.old_key {
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

    /// Lifts the policies of a containment. Those that are not there are lifted.
    ///
    /// The call names the user alone, by a name that another user may have by now.
    pub(super) async fn lift(&self) -> Result<(), Trouble> {
        if self.edged(self.service.user(&self.planned.user)).await?.id != self.planned.user_id {
            let words = format!("{} was deleted and made anew: the policies are another user's", self.planned.user);
            return Err(Trouble::Foreign(words));
        }
        let changes = self.service.changes(&self.approved, None).await?;
        Ok(self.edged(changes.lift(&self.planned.user)).await?)
    }

    async fn signer(&self, signer: Signer, book: &Book) -> Result<Option<KeyPair>, Trouble> {
        match signer {
            Signer::Console => Ok(None),
            // Whatever must not be signed by the old key is not signed at all without the new one.
            Signer::NewKey => match self.new_pair(book).await? {
                Some(pair) => Ok(Some(pair)),
                None => Err(Trouble::SecretLost(format!("{} does not have the new key, which has to sign", self.store.name()))),
            },
        }
    }
}
