//! Secrets Manager, as the store of rotated keys needs it. What changes something goes through [`Changer`], so it is in the audit log.

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::SecretString;

use super::call;
use super::change::Changer;
use super::clearance::Cleared;
use super::session::Session;
use crate::audit::AuditLog;
use crate::domain::change::Change;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::rotation::Command;
use crate::kit::confirm::Approved;
use crate::rotation::stores::{Described, Seen, StoreError, StoreErrorKind, Vault, Vaults};

const NAME: &str = "Secrets Manager";

/// Secrets Manager in the session's first region, or in that of a secret's ARN.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    session: Session,
    changer: Changer,
}

/// Makes a [`SecretsManager`] for each approval.
#[derive(Debug, Clone)]
pub struct SecretsManagers {
    cleared: Cleared,
    log: AuditLog,
    origin: String,
}

impl SecretsManagers {
    /// Secrets Manager of an account that may be changed; its changes are written down in `log` as asked for by `origin`.
    pub fn new(cleared: &Cleared, log: &AuditLog, origin: impl Into<String>) -> Self {
        Self { cleared: cleared.clone(), log: log.clone(), origin: origin.into() }
    }
}

impl Vaults for SecretsManagers {
    fn look<'a>(&'a self, secret: &'a str) -> BoxFuture<'a, Result<Seen, StoreError>> {
        Box::pin(async move {
            let session = self.cleared.session();
            Ok(Seen { region: region(session, secret).to_owned(), described: describe(session, secret).await? })
        })
    }

    fn approved(&self, approved: &Approved<Command>) -> Arc<dyn Vault> {
        let changer = Changer::for_approved(&self.cleared, &self.log, approved, &self.origin);
        Arc::new(SecretsManager { session: self.cleared.session().clone(), changer })
    }
}

impl SecretsManager {
    fn region<'a>(&'a self, secret: &'a str) -> &'a str {
        region(&self.session, secret)
    }
}

/// Where a secret is asked for.
fn region<'a>(session: &'a Session, secret: &'a str) -> &'a str {
    region_of(secret).unwrap_or_else(|| session.first_region())
}

async fn describe(session: &Session, secret: &str) -> Result<Option<Described>, StoreError> {
    let region = region(session, secret);
    let send = session.secrets_manager(region).describe_secret().secret_id(secret).send();
    match call::make(session, ("secretsmanager", "DescribeSecret"), region, send).await {
        Ok(answer) => Ok(Some(Described {
            arn: answer.arn,
            is_deleted: answer.deleted_date.is_some(),
            rotates: answer.rotation_enabled.unwrap_or_default(),
            versions: answer.version_ids_to_stages.unwrap_or_default().into_iter().collect(),
        })),
        Err(fault) if is_missing(&fault) => Ok(None),
        Err(fault) => Err(trouble(&fault)),
    }
}

/// The region of `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`.
fn region_of(secret: &str) -> Option<&str> {
    secret.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

impl Vault for SecretsManager {
    fn describe<'a>(&'a self, secret: &'a str) -> BoxFuture<'a, Result<Option<Described>, StoreError>> {
        Box::pin(describe(&self.session, secret))
    }

    fn value<'a>(&'a self, secret: &'a str, version: &'a str) -> BoxFuture<'a, Result<SecretString, StoreError>> {
        Box::pin(async move {
            let region = self.region(secret);
            let send = self.session.secrets_manager(region).get_secret_value().secret_id(secret).version_id(version).send();
            let answer = call::make(&self.session, ("secretsmanager", "GetSecretValue"), region, send).await;
            let value = answer.map_err(|fault| trouble(&fault))?.secret_string;
            value.map(SecretString::from).ok_or_else(|| {
                StoreError::new(
                    StoreErrorKind::Corrupt,
                    NAME,
                    format!("version {version} of {secret} is binary, not a JSON object"),
                )
            })
        })
    }

    fn create<'a>(&'a self, secret: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let change = Change::CreateSecret { region: self.region(secret).to_owned(), secret: secret.to_owned() };
            match self.changer.make(&change).await {
                Ok(_) => Ok(()),
                Err(fault) if has_code(&fault, "ResourceExistsException") => Ok(()),
                Err(fault) => Err(trouble(&fault)),
            }
        })
    }

    fn put<'a>(&'a self, secret: &'a str, version: &'a str, value: &'a SecretString) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let region = self.region(secret).to_owned();
            let change = Change::PutSecretValue { region, secret: secret.to_owned(), version: version.to_owned() };
            self.changer.put_secret(&change, value).await.map(drop).map_err(|fault| trouble(&fault))
        })
    }

    fn move_stage<'a>(
        &'a self,
        secret: &'a str,
        stage: &'a str,
        to: Option<&'a str>,
        from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let change = Change::MoveSecretStage {
                region: self.region(secret).to_owned(),
                secret: secret.to_owned(),
                stage: stage.to_owned(),
                to: to.map(str::to_owned),
                from: from.map(str::to_owned),
            };
            self.changer.make(&change).await.map(drop).map_err(|fault| trouble(&fault))
        })
    }
}

fn has_code(fault: &Fault, wanted: &str) -> bool {
    matches!(&fault.kind, FaultKind::Refused { code } if code == wanted)
}

fn is_missing(fault: &Fault) -> bool {
    fault.kind == FaultKind::NotFound || has_code(fault, "ResourceNotFoundException")
}

fn trouble(fault: &Fault) -> StoreError {
    let kind = match &fault.kind {
        FaultKind::Denied { .. } => StoreErrorKind::Denied,
        FaultKind::TimedOut => StoreErrorKind::Blocking,
        FaultKind::Expired | FaultKind::NoCredentials => StoreErrorKind::Locked,
        FaultKind::Refused { code } if code == "LimitExceededException" => StoreErrorKind::Full,
        // The same version with another content, or a stage that is not where it was a moment ago.
        FaultKind::Refused { code } if code == "ResourceExistsException" || code == "InvalidParameterException" => {
            StoreErrorKind::Changed
        }
        _ if is_missing(fault) => StoreErrorKind::Absent,
        _ => StoreErrorKind::Other,
    };
    StoreError::new(kind, NAME, fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_its_region() {
        assert_eq!(region_of("arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/ada-AbCdEf"), Some("eu-west-1"));
        assert_eq!(region_of("team/ada"), None);
        assert_eq!(region_of("arn:"), None);
    }
}
