//! Puts events together, for scenarios.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::emulator::svc::guardduty::build::hex;

/// `eventType` of a sign-in to the console.
pub const SIGN_IN: &str = "AwsConsoleSignIn";

/// Who did it.
#[derive(Debug, Clone, PartialEq)]
pub enum Actor {
    /// An IAM user with a long-term key, or signed in to the console (`key` starts with `ASIA`).
    User {
        /// `UserName`.
        name: String,
        /// `AIDA…`.
        id: String,
        /// The key that signed; none for a sign-in.
        key: Option<String>,
        /// Whether a console session had MFA; `None` is: no console session.
        mfa: Option<bool>,
    },
    /// A session of a role.
    Role {
        /// `RoleName`.
        role: String,
        /// `AROA…`.
        id: String,
        /// `RoleSessionName`.
        session: String,
        /// `ASIA…`.
        key: String,
        /// Whether the session had MFA.
        mfa: bool,
    },
    /// A person of Identity Center, before any role is taken.
    IdentityCenter {
        /// The user name in the directory.
        name: String,
        /// The user id in the directory.
        id: String,
    },
    /// The root user, in the console.
    Root {
        /// Whether the session had MFA.
        mfa: bool,
    },
    /// An AWS service.
    Service {
        /// Such as `ec2.amazonaws.com`.
        name: String,
    },
}

/// An event in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Twelve digits.
    pub account: String,
    /// `eventTime`.
    pub at: Timestamp,
    /// `awsRegion`.
    pub region: String,
    /// `eventSource`.
    pub source: String,
    /// `eventName`.
    pub name: String,
    /// Who.
    pub actor: Actor,
    /// `sourceIPAddress`.
    pub from: String,
    /// `userAgent`.
    pub agent: String,
    /// `readOnly`.
    pub read_only: bool,
    /// `requestParameters`.
    pub request: Value,
    /// `responseElements`.
    pub response: Value,
    /// `errorCode` and `errorMessage`; of a sign-in the message alone goes out.
    pub error: Option<(String, String)>,
    /// `AwsApiCall`, [`SIGN_IN`], `AwsServiceEvent`.
    pub kind: &'static str,
    /// `additionalEventData`.
    pub additional: Value,
}

impl Draft {
    /// The event. Its ids come from what it says and from `nonce`, so the same story has the same ids.
    pub fn finish(&self, nonce: u64) -> Value {
        let digits = hex(&format!("{}{}{}{}{nonce}", self.account, self.at, self.name, self.from));
        let mut event = Map::new();
        let mut set = |name: &str, value: Value| {
            event.insert(name.to_owned(), value);
        };
        set("eventVersion", "1.11".into());
        set("userIdentity", self.identity_of_the_record());
        set("eventTime", self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into());
        set("eventSource", self.source.clone().into());
        set("eventName", self.name.clone().into());
        set("awsRegion", self.region.clone().into());
        set("sourceIPAddress", self.from.clone().into());
        set("userAgent", self.agent.clone().into());
        let is_sign_in = self.kind == SIGN_IN;
        if let Some((code, message)) = &self.error {
            // A sign-in that failed has no code: its message and its answer say so.
            if !is_sign_in {
                set("errorCode", code.clone().into());
            }
            set("errorMessage", message.clone().into());
        }
        set("requestParameters", self.request.clone());
        set("responseElements", self.elements());
        if !self.additional.is_null() {
            set("additionalEventData", self.additional.clone());
        }
        set("requestID", uuid(&hex(&digits)).into());
        set("eventID", uuid(&digits).into());
        set("readOnly", self.read_only.into());
        set("eventType", self.kind.into());
        set("managementEvent", true.into());
        set("recipientAccountId", self.account.clone().into());
        set("eventCategory", "Management".into());
        Value::Object(event)
    }

    /// `responseElements`: nothing of a call that failed; of a sign-in how it ended, under the event's own name.
    fn elements(&self) -> Value {
        match (self.kind, &self.error) {
            (SIGN_IN, error) => json!({ &*self.name: if error.is_some() { "Failure" } else { "Success" } }),
            (_, Some(_)) => Value::Null,
            (_, None) => self.response.clone(),
        }
    }

    /// Of somebody who could not sign in AWS tells an empty key, and of a user no ARN.
    fn identity_of_the_record(&self) -> Value {
        let mut identity = self.identity();
        if let (SIGN_IN, true, Some(members)) = (self.kind, self.error.is_some(), identity.as_object_mut()) {
            members.insert("accessKeyId".into(), "".into());
            members.remove("sessionContext");
            if matches!(self.actor, Actor::User { .. }) {
                members.remove("arn");
            }
        }
        identity
    }

    fn identity(&self) -> Value {
        let account = &self.account;
        match &self.actor {
            Actor::User { name, id, key, mfa } => {
                let mut identity = json!({
                    "type": "IAMUser", "principalId": id, "arn": format!("arn:aws:iam::{account}:user/{name}"),
                    "accountId": account, "userName": name,
                });
                if let Some(identity) = identity.as_object_mut() {
                    if let Some(key) = key {
                        identity.insert("accessKeyId".into(), key.clone().into());
                    }
                    if let Some(mfa) = mfa {
                        identity.insert("sessionContext".into(), json!({"attributes": self.session(*mfa)}));
                    }
                }
                identity
            }
            Actor::Role { role, id, session, key, mfa } => json!({
                "type": "AssumedRole", "principalId": format!("{id}:{session}"),
                "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
                "accountId": account, "accessKeyId": key,
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role", "principalId": id, "arn": format!("arn:aws:iam::{account}:role/{role}"),
                        "accountId": account, "userName": role,
                    },
                    "attributes": self.session(*mfa),
                },
            }),
            Actor::IdentityCenter { name, id } => json!({
                "type": "IdentityCenterUser", "accountId": account, "userName": name,
                "onBehalfOf": {"userId": id, "identityStoreArn": format!("arn:aws:identitystore::{account}:identitystore/d-1234567890")},
                "credentialId": uuid(&hex(id)),
            }),
            Actor::Root { mfa } => json!({
                "type": "Root", "principalId": account, "arn": format!("arn:aws:iam::{account}:root"), "accountId": account,
                "sessionContext": {"attributes": self.session(*mfa)},
            }),
            Actor::Service { name } => json!({"type": "AWSService", "invokedBy": name}),
        }
    }

    /// `sessionContext.attributes`: the session began on the hour.
    fn session(&self, mfa: bool) -> Value {
        let began = self.at.as_second() - self.at.as_second().rem_euclid(3_600);
        let began = Timestamp::from_second(began).unwrap_or(self.at);
        json!({"creationDate": began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "mfaAuthenticated": mfa.to_string()})
    }
}

/// 32 hexadecimal digits as a version 4 UUID.
fn uuid(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_that_failed_has_the_form_of_aws() {
        let draft = |error: Option<(String, String)>| Draft {
            account: "123456789012".into(),
            at: Timestamp::UNIX_EPOCH,
            region: "us-east-1".into(),
            source: "signin.amazonaws.com".into(),
            name: "ConsoleLogin".into(),
            actor: Actor::User { name: "ada".into(), id: "AIDAEXAMPLE".into(), key: None, mfa: None },
            from: "198.51.100.7".into(),
            agent: "Mozilla/5.0".into(),
            read_only: false,
            request: Value::Null,
            response: Value::Null,
            error,
            kind: SIGN_IN,
            additional: Value::Null,
        };
        let failed = draft(Some((String::new(), "Failed authentication".into()))).finish(1);
        assert_eq!(failed.get("errorCode"), None);
        assert_eq!(failed["errorMessage"], "Failed authentication");
        assert_eq!(failed["responseElements"], json!({"ConsoleLogin": "Failure"}));
        let who = json!({"type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": "123456789012", "accessKeyId": "", "userName": "ada"});
        assert_eq!(failed["userIdentity"], who);
        let done = draft(None).finish(1);
        assert_eq!((done.get("errorMessage"), &done["responseElements"]), (None, &json!({"ConsoleLogin": "Success"})));
        assert_eq!(done["userIdentity"]["arn"], "arn:aws:iam::123456789012:user/ada");
    }
}
