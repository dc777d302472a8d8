//! The preferences of Session Manager in one region: the document `SSM-SessionManagerRunShell`, which every shell follows.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::{at, text, truth, untrusted};
use super::text::Untrusted;

/// What the preferences say about logs and encryption. Empty texts count as none, as AWS takes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// `inputs.s3BucketName`: where a shell's output is kept after it ends.
    pub bucket: Option<Untrusted>,
    /// `inputs.s3EncryptionEnabled`: whether a bucket that is not encrypted is refused. `None`: the document does not say.
    pub bucket_is_encrypted: Option<bool>,
    /// `inputs.cloudWatchLogGroupName`: where a shell's output is kept as it comes.
    pub log_group: Option<Untrusted>,
    /// `inputs.cloudWatchEncryptionEnabled`: whether a log group that is not encrypted is refused. `None`: the document does not say.
    pub log_group_is_encrypted: Option<bool>,
    /// `inputs.kmsKeyId`: the key that encrypts what a shell carries, beside TLS.
    pub key: Option<Untrusted>,
    /// `inputs.idleSessionTimeout`: minutes without a key after which a session ends, 1 to 60, as it is written.
    pub idle_minutes: Option<Untrusted>,
    /// `inputs.shellProfile`: whether commands of the account run first in a shell on Linux or Windows.
    pub runs_profile: bool,
}

impl Preferences {
    /// Reads the document's content. `None`: it is no document of preferences, as it has no `inputs`.
    pub fn decode(content: &Value) -> Option<Self> {
        let inputs = at(content, "inputs").filter(|inputs| inputs.is_object())?;
        let profile =
            |system: &str| text(inputs, &format!("shellProfile.{system}")).is_some_and(|lines| !lines.trim().is_empty());
        Some(Self {
            bucket: untrusted(inputs, "s3BucketName"),
            bucket_is_encrypted: truth(inputs, "s3EncryptionEnabled"),
            log_group: untrusted(inputs, "cloudWatchLogGroupName"),
            log_group_is_encrypted: truth(inputs, "cloudWatchEncryptionEnabled"),
            key: untrusted(inputs, "kmsKeyId"),
            idle_minutes: untrusted(inputs, "idleSessionTimeout"),
            runs_profile: profile("linux") || profile("windows"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_texts_are_none_and_what_has_no_inputs_says_nothing() {
        let content = json!({"inputs": {"s3BucketName": "", "s3EncryptionEnabled": "false", "cloudWatchLogGroupName": "/ssm", "cloudWatchEncryptionEnabled": true,
            "kmsKeyId": "", "idleSessionTimeout": "20", "shellProfile": {"windows": "", "linux": "exec bash"}}});
        let read = Preferences::decode(&content).unwrap();
        assert_eq!((&read.bucket, &read.log_group), (&None, &Some("/ssm".into())));
        assert_eq!(read.bucket_is_encrypted, Some(false));
        assert_eq!((read.log_group_is_encrypted, &read.key), (Some(true), &None));
        assert_eq!((&read.idle_minutes, read.runs_profile), (&Some("20".into()), true));
        for content in [json!({}), json!([]), json!({"inputs": "s3BucketName"}), json!(null)] {
            assert_eq!(Preferences::decode(&content), None, "{content}");
        }
    }
}
