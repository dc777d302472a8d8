//! A section of the AWS credentials file.
//!
//! Only the bytes of the two values change. While a rotation runs, the pair that is not served is parked in a section of its own
//! at the end of the file (see [`edit`]); when the old key is deleted, nothing of that is left.

mod edit;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::SecretString;

use self::edit::{Found, Trouble};
pub(super) use self::edit::{ID, is_parking};
use super::replace::{Content, Place};
use super::{KeyPair, Store, StoreError, StoreErrorKind, run};
use crate::domain::profiles::ini::Sections;
use crate::domain::profiles::profile_named_by;

/// The store of one section.
#[derive(Debug, Clone)]
pub struct CredentialsFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    section: String,
    may_create: bool,
    /// The configuration file beside it, which may say that the profile's credentials come from elsewhere.
    config: Option<PathBuf>,
}

impl CredentialsFile {
    /// The section `profile` of the file at `path`. `config` is the AWS configuration file; `may_create`: make the section, and the
    /// file, where there is none.
    pub fn new(path: &Path, config: Option<PathBuf>, profile: &str, may_create: bool) -> Self {
        let name = format!("{}, section [{profile}]", path.display());
        let place = Place::new(path.to_owned(), name);
        Self(Arc::new(Inner { place, section: profile.to_owned(), may_create, config }))
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        run(&self.0, self.0.place.name(), job)
    }
}

impl Store for CredentialsFile {
    fn name(&self) -> &str {
        self.0.place.name()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.run(Inner::probe)
    }

    fn notes(&self) -> BoxFuture<'_, Vec<String>> {
        let found = self.run(|inner| {
            let mut notes = inner.place.notes("others than its owner may read it; chmod 600 it");
            notes.push(format!("{} is not encrypted: whoever can read it has the key", inner.place.path().display()));
            Ok(notes)
        });
        Box::pin(async { found.await.unwrap_or_default() })
    }

    fn put_pending<'a>(&'a self, key: &'a KeyPair) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = key.clone();
        self.run(move |inner| inner.put_pending(&key))
    }

    fn read<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, StoreError>> {
        let key_id = key_id.to_owned();
        self.run(move |inner| Ok(inner.pair(&key_id)?.map(|pair| pair.secret)))
    }

    fn promote<'a>(&'a self, key_id: &'a str, before: Option<&'a str>) -> BoxFuture<'a, Result<(), StoreError>> {
        let (key_id, before) = (key_id.to_owned(), before.map(str::to_owned));
        self.run(move |inner| inner.promote(&key_id, before.as_deref()))
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        self.run(|inner| Ok(inner.look(inner.content()?.as_slice(), &inner.section)?.id))
    }

    fn forget<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let key_id = key_id.to_owned();
        self.run(move |inner| inner.forget(&key_id))
    }

    fn withdraw<'a>(&'a self, key_id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let key_id = key_id.to_owned();
        self.run(move |inner| inner.withdraw(&key_id))
    }
}

impl Inner {
    fn probe(&self) -> Result<(), StoreError> {
        self.check_name()?;
        self.check_config()?;
        let found = self.usable(self.content()?.as_slice())?;
        if !found.exists && !self.may_create {
            return Err(self
                .error(StoreErrorKind::Absent, "there is no such section")
                .advise(format!("make it, or choose new-credentials:{} to have it made", self.section)));
        }
        self.place.probe()
    }

    fn put_pending(&self, key: &KeyPair) -> Result<(), StoreError> {
        self.check_name()?;
        self.check_pair(key)?;
        self.place.rewrite(|content| {
            let content = content.unwrap_or_default();
            let found = self.usable(content)?;
            if !found.exists && !self.may_create {
                return Err(self.error(StoreErrorKind::Absent, "there is no such section"));
            }
            if found.pair.as_ref().is_some_and(|pair| pair.is_same(key)) {
                return Ok(None);
            }
            let is_served = found.id.as_deref() == Some(&key.id);
            let new = if is_served { edit::set(content, &self.section, key) } else { edit::park(content, key) };
            self.changed(content, new)
        })?;
        self.check_written(key)
    }

    fn promote(&self, key_id: &str, before: Option<&str>) -> Result<(), StoreError> {
        self.place.rewrite(|content| {
            let content = content.unwrap_or_default();
            let served = self.usable(content)?;
            if served.id.as_deref() == Some(key_id) {
                return Ok(None);
            }
            if served.id.is_some() && served.id.as_deref() != before {
                let words = format!("it has {}, not {}", served.id.as_deref().unwrap_or("no key"), before.unwrap_or("no key"));
                return Err(self.error(StoreErrorKind::Changed, words));
            }
            let pair = self.look(content, &edit::parking(key_id))?.pair;
            let pair = pair.ok_or_else(|| self.error(StoreErrorKind::Absent, format!("{key_id} was not put in before")))?;
            let new = edit::unpark(content, key_id).and_then(|content| {
                if served.exists {
                    edit::set(&content, &self.section, &pair)
                } else {
                    edit::append(&content, &self.section, None, &pair)
                }
            });
            let new = new.and_then(|content| match &served.pair {
                Some(old) => edit::park(&content, old),
                None => Ok(content),
            });
            self.changed(content, new)
        })?;
        match self.look(self.content()?.as_slice(), &self.section)?.id {
            Some(id) if id == key_id => Ok(()),
            _ => Err(self.error(StoreErrorKind::Changed, "another key stands there after the file was replaced")),
        }
    }

    fn forget(&self, key_id: &str) -> Result<(), StoreError> {
        self.place.rewrite(|content| {
            let Some(content) = content else { return Ok(None) };
            if self.look(content, &self.section)?.id.as_deref() == Some(key_id) {
                return Err(self.error(StoreErrorKind::Denied, format!("{key_id} is the key that is served")));
            }
            self.changed(content, edit::unpark(content, key_id))
        })
    }

    fn withdraw(&self, key_id: &str) -> Result<(), StoreError> {
        self.place.rewrite(|content| {
            let Some(content) = content else { return Ok(None) };
            let is_served = self.look(content, &self.section)?.id.as_deref() == Some(key_id);
            let new = edit::unpark(content, key_id);
            let new = if is_served { new.and_then(|new| edit::remove(&new, &self.section, self.may_create)) } else { new };
            self.changed(content, new)
        })
    }

    fn pair(&self, key_id: &str) -> Result<Option<KeyPair>, StoreError> {
        let content = self.content()?;
        for section in [self.section.clone(), edit::parking(key_id)] {
            let pair = self.look(&content, &section)?.pair.filter(|pair| pair.id == key_id);
            if pair.is_some() {
                return Ok(pair);
            }
        }
        Ok(None)
    }

    fn content(&self) -> Result<Content, StoreError> {
        Ok(self.place.read()?.unwrap_or_default())
    }

    fn look(&self, content: &[u8], section: &str) -> Result<Found, StoreError> {
        edit::look(content, section).map_err(|trouble| self.trouble(&trouble))
    }

    /// The section, if it is one whose keys tools will use.
    fn usable(&self, content: &[u8]) -> Result<Found, StoreError> {
        let found = self.look(content, &self.section)?;
        match &found.foreign {
            None => Ok(found),
            Some(name) if name == edit::TOKEN => Err(self
                .error(StoreErrorKind::Denied, "it holds aws_session_token: temporary credentials")
                .advise("remove that line, or choose another section: tools would send the token along with the new key")),
            Some(name) => Err(self.elsewhere(name, "it")),
        }
    }

    /// Whether the configuration file leads the profile's users elsewhere.
    fn check_config(&self) -> Result<(), StoreError> {
        let Some(path) = &self.config else { return Ok(()) };
        let place = Place::new(path.clone(), path.display().to_string());
        let Some(content) = place.read()? else { return Ok(()) };
        let file = Sections::read(&content)
            .map_err(|unreadable| StoreError::new(StoreErrorKind::Corrupt, place.name(), unreadable.to_string()))?;
        // However its header is written: `[profile 'My Mac']` is the profile of the section `[My Mac]` here.
        let is_ours = |header: &str| profile_named_by(header).is_some_and(|name| name == self.section);
        let mut properties = file.by_section().filter(|(header, _, _)| is_ours(header));
        let foreign = properties.find_map(|(_, name, _)| edit::FOREIGN.iter().find(|foreign| foreign.as_bytes() == name));
        match foreign {
            None => Ok(()),
            Some(foreign) => Err(self.elsewhere(foreign, &path.display().to_string())),
        }
    }

    fn elsewhere(&self, property: &str, place: &str) -> StoreError {
        let words = format!("{place} has {property} for this profile: its credentials come from elsewhere");
        self.error(StoreErrorKind::Denied, words).advise("choose a profile that holds a key of its own")
    }

    fn check_name(&self) -> Result<(), StoreError> {
        let strange = |letter: char| letter.is_control() || "[]#;".contains(letter);
        let is_good = !self.section.is_empty()
            && self.section.trim() == self.section
            && !self.section.contains(strange)
            && !self.section.starts_with("bartizan.");
        // Not every tool reads other names, so we make none.
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-/.%@:+".contains(letter);
        if is_good && (!self.may_create || self.section.chars().all(plain)) {
            return Ok(());
        }
        Err(self.error(StoreErrorKind::Denied, "this name cannot be the name of a section").advise("choose another name"))
    }

    /// What is written into the file must be read from it again.
    fn check_pair(&self, key: &KeyPair) -> Result<(), StoreError> {
        use secrecy::ExposeSecret as _;
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+=_-.".contains(&byte));
        if is_word(&key.id) && is_word(key.secret.expose_secret()) {
            return Ok(());
        }
        Err(self.error(StoreErrorKind::Corrupt, "the key has letters that no access key has"))
    }

    fn check_written(&self, key: &KeyPair) -> Result<(), StoreError> {
        match self.pair(&key.id)? {
            Some(found) if found.is_same(key) => Ok(()),
            _ => Err(self.error(StoreErrorKind::Changed, "what was written is not what stands there")),
        }
    }

    fn changed(&self, old: &[u8], new: Result<Content, Trouble>) -> Result<Option<Content>, StoreError> {
        let new = new.map_err(|trouble| self.trouble(&trouble))?;
        Ok((new.as_slice() != old).then_some(new))
    }

    fn trouble(&self, trouble: &Trouble) -> StoreError {
        let kind = if matches!(trouble, Trouble::NoSection(_)) { StoreErrorKind::Absent } else { StoreErrorKind::Corrupt };
        self.error(kind, trouble.to_string())
    }

    fn error(&self, kind: StoreErrorKind, message: impl Into<String>) -> StoreError {
        StoreError::new(kind, self.place.name(), message)
    }
}
