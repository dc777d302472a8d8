//! The same session signed by another key: a rotation lets the new key prove itself, and sign what happens to the old one. A second
//! factor makes temporary ones.

use std::sync::{Arc, Mutex, OnceLock};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use secrecy::ExposeSecret as _;

use super::{Inner, Regional, Session};
use crate::aws::identity::Remembered;
use crate::rotation::stores::KeyPair;

impl Session {
    /// This session with other long-term credentials. It shares clock, budgets and observer, and no client.
    pub(crate) fn signed_by(&self, pair: &KeyPair) -> Self {
        self.with_credentials(Credentials::new(&pair.id, pair.secret.expose_secret(), None, None, "rotation"))
    }

    /// This session with other credentials, which nobody renews. It shares clock, budgets and observer, and no client.
    pub(crate) fn with_credentials(&self, credentials: Credentials) -> Self {
        let credentials =
            Remembered::new(SharedCredentialsProvider::new(credentials), self.0.clock.clone(), self.0.namer.clone());
        let provider = SharedCredentialsProvider::new(credentials.clone());
        Self(Arc::new(Inner {
            config: self.0.config.clone().into_builder().credentials_provider(provider).build(),
            about: Arc::clone(&self.0.about),
            regions: self.0.regions.clone(),
            credentials,
            observer: self.0.observer.clone(),
            clock: self.0.clock.clone(),
            lanes: Arc::clone(&self.0.lanes),
            accepted: Mutex::default(),
            iam: OnceLock::new(),
            sts: OnceLock::new(),
            guardduty: Regional::default(),
            cloudtrail: Regional::default(),
            ssm: Regional::default(),
            secrets_manager: Regional::default(),
            namer: self.0.namer.clone(),
        }))
    }
}
