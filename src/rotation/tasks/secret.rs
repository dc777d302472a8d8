//! The way of the new secret: escrow, store, proof, promotion, and what is left at the end.

use secrecy::ExposeSecret as _;

use super::Hands;
use crate::rotation::escrow::DataKey;
use crate::rotation::machine::{Book, CheckTrouble, Trouble};
use crate::rotation::stores::{KeyPair, StoreError, StoreErrorKind};

impl Hands {
    /// Tries everything that the new secret will need, before there is one.
    pub(super) async fn prepare(&mut self) -> Result<(), Trouble> {
        self.edged(self.store.probe()).await?;
        let served = self.edged(self.store.current()).await?;
        if let Some(served) = served.filter(|served| !self.is_ours(served)) {
            let words = format!("{} serves {served}, not the key that is rotated: choose its own place", self.store.name());
            return Err(Trouble::Foreign(words));
        }
        if self.data_key().await?.is_none() {
            self.make_data_key().await?;
        }
        self.edges.pass();
        self.escrow.prepare().map_err(|error| Trouble::Disk(format!("the escrow cannot be set aside: {error}")))?;
        self.edges.pass();
        Ok(())
    }

    fn is_ours(&self, key: &str) -> bool {
        key == self.planned.old_key || self.planned.other.as_ref().is_some_and(|(other, _)| other == key)
    }

    async fn make_data_key(&mut self) -> Result<(), Trouble> {
        let (place, id) = (self.planned.escrow, self.planned.id.0.clone());
        let key = DataKey::new().map_err(|error| Trouble::Disk(error.to_string()))?;
        // An error does not say that nothing was stored: what is read back counts.
        let put = self.edged(self.data_keys.put(place, &id, &key.text())).await;
        let back = self.edged(self.data_keys.get(place, &id)).await;
        match (put, back) {
            (_, Ok(Some(text))) if text.expose_secret() == key.text().expose_secret() => {
                self.data_key = Some(key);
                Ok(())
            }
            (Err(error), _) | (Ok(()), Err(error)) => Err(error.into()),
            (Ok(()), Ok(_)) => {
                let words = "the key of the escrow was stored and cannot be read back";
                Err(StoreError::new(StoreErrorKind::Other, "keyring", words).into())
            }
        }
    }

    /// Reads the escrow's key; `None`: there is none.
    pub(super) async fn data_key(&mut self) -> Result<Option<()>, Trouble> {
        if self.data_key.is_none() {
            let text = self.edged(self.data_keys.get(self.planned.escrow, &self.planned.id.0)).await?;
            self.data_key = text.as_ref().and_then(DataKey::from_text);
        }
        Ok(self.data_key.as_ref().map(|_| ()))
    }

    pub(super) fn seal(&self) -> Result<(), Trouble> {
        let (Some(key), Some(pair)) = (&self.data_key, &self.hand) else {
            return Err(Trouble::Disk("there is no key for the escrow".into()));
        };
        self.edges.pass();
        let sealed = self.escrow.seal(key, pair);
        self.edges.pass();
        sealed.map_err(|error| Trouble::Disk(format!("the escrow could not be written: {error}")))
    }

    pub(super) fn escrowed_pair(&self) -> Result<Option<KeyPair>, Trouble> {
        let Some(key) = &self.data_key else { return Ok(None) };
        self.escrow.open(key).map_err(|error| Trouble::Disk(format!("the escrow could not be read: {error}")))
    }

    /// The new pair from memory, escrow or, at last, the store itself.
    async fn find_pair(&mut self, book: &Book) -> Result<KeyPair, Trouble> {
        if let Some(pair) = &self.hand {
            return Ok(pair.clone());
        }
        if self.data_key().await?.is_some()
            && let Some(pair) = self.escrowed_pair()?
        {
            return Ok(pair);
        }
        let lost = || Trouble::SecretLost("it is neither in the escrow nor in the store".into());
        self.new_pair(book).await?.ok_or_else(lost)
    }

    /// Puts the pair into the store, and believes what it reads back.
    pub(super) async fn put(&mut self, book: &Book) -> Result<(), Trouble> {
        let pair = self.find_pair(book).await?;
        let mut put = self.edged(self.store.put_pending(&pair)).await;
        for _ in 0..2 {
            let back = self.edged(self.store.read(&pair.id)).await?;
            if back.as_ref().is_some_and(|secret| KeyPair::new(&pair.id, secret.clone()).is_same(&pair)) {
                // On disk or in the store: memory need not keep it.
                if book.escrowed {
                    self.hand = None;
                }
                return Ok(());
            }
            put?;
            // Accepted and not there: once more.
            put = self.edged(self.store.put_pending(&pair)).await;
        }
        Err(Trouble::Foreign(format!("what {} gives back is not what was put in: somebody else writes there", self.store.name())))
    }

    pub(super) async fn adopt(&self) -> Result<(), Trouble> {
        let Some((other, _)) = &self.planned.other else { return Err(Trouble::SecretLost("there is no second key".into())) };
        match self.edged(self.store.read(other)).await? {
            Some(_) => Ok(()),
            None => Err(Trouble::SecretLost(format!("its secret is not in {}", self.store.name()))),
        }
    }

    /// The new pair as the store has it.
    pub(super) async fn new_pair(&self, book: &Book) -> Result<Option<KeyPair>, Trouble> {
        let Some(id) = &book.new_key else { return Ok(None) };
        let secret = self.edged(self.store.read(id)).await?;
        Ok(secret.map(|secret| KeyPair::new(id, secret)))
    }

    /// Uses the secret that the store gives.
    pub(super) async fn check(&self, book: &Book) -> Result<(), CheckTrouble> {
        let pair = match self.new_pair(book).await {
            Ok(Some(pair)) => pair,
            Ok(None) => return Err(CheckTrouble::NotInStore(format!("{} does not have the new key", self.store.name()))),
            Err(Trouble::Store(error)) => return Err(CheckTrouble::Store(error)),
            Err(other) => return Err(CheckTrouble::NotInStore(other.to_string())),
        };
        self.edged(self.service.check(&pair, &self.planned.account, &self.planned.user_id)).await.map_err(CheckTrouble::Key)
    }

    pub(super) async fn promote(&self, book: &Book) -> Result<(), Trouble> {
        let Some(new) = &book.new_key else { return Err(Trouble::SecretLost("there is no new key".into())) };
        let before = self.edged(self.store.current()).await?;
        if before.as_ref().is_some_and(|served| served != new && !self.is_ours(served)) {
            let served = before.unwrap_or_default();
            return Err(Trouble::Foreign(format!("{} serves {served} now: somebody else was there", self.store.name())));
        }
        let promoted = self.edged(self.store.promote(new, before.as_deref())).await;
        let served = self.edged(self.store.current()).await?;
        if served.as_ref() == Some(new) {
            return Ok(());
        }
        promoted?;
        Err(Trouble::NotSeen(format!("{} does not serve the new key yet", self.store.name())))
    }

    /// Serves the old key again, if it is in the store. Otherwise, and where it is taken for leaked, the new one stays: its secret is not
    /// forgotten before its key is gone ([`Self::finish`]).
    pub(super) async fn demote(&self, book: &Book) -> Result<(), Trouble> {
        let Some(new) = &book.new_key else { return Ok(()) };
        let old = &self.planned.old_key;
        // A leaked key is served to nobody.
        if self.planned.renew || self.edged(self.store.current()).await?.as_ref() != Some(new) {
            return Ok(());
        }
        if self.edged(self.store.read(old)).await?.is_some() {
            self.edged(self.store.promote(old, Some(new))).await?;
        }
        Ok(())
    }

    /// Forgets a pair that nobody is served, or that is of a key which was given up and is gone; then shreds the escrow.
    pub(super) async fn finish(&mut self, forget: Option<&str>, book: &Book) -> Result<(), Trouble> {
        if let Some(key) = forget {
            let is_served = self.edged(self.store.current()).await?.as_deref() == Some(key);
            if book.is_rolled_back && book.new_key.as_deref() == Some(key) {
                self.edged(self.store.withdraw(key)).await?;
            } else if !is_served {
                self.edged(self.store.forget(key)).await?;
            }
        }
        self.hand = None;
        self.data_key = None;
        self.edged(self.data_keys.delete(self.planned.escrow, &self.planned.id.0)).await?;
        self.edges.pass();
        self.escrow.shred().map_err(|error| Trouble::Disk(format!("the escrow could not be removed: {error}")))?;
        self.edges.pass();
        Ok(())
    }
}
