//! The text of the credential report: 22 columns, root first.

use jiff::{SignedDuration, Timestamp};

use super::state::{AccessKey, State, Status, User};

/// The first line.
const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,\
mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,\
access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/// Two certificates that nobody has.
const NO_CERTIFICATES: &str = ",false,N/A,false,N/A";

/// The whole report.
pub(super) fn write(iam: &mut State, account: &str) -> String {
    let expiry = iam.password_policy.as_ref().and_then(|policy| policy.max_age_days);
    let mut text = String::with_capacity(400 + iam.users().len() * 260);
    text.push_str(HEADER);
    root(&mut text, iam, account);
    for user in iam.users().values() {
        line(&mut text, user, account, expiry);
    }
    text.push('\n');
    text
}

fn root(text: &mut String, iam: &State, account: &str) {
    let root = &iam.root;
    let used = root.password_last_used.map_or_else(|| "no_information".to_owned(), time);
    text.push_str(&format!(
        "\n<root_account>,arn:aws:iam::{account}:root,{},not_supported,{used},not_supported,not_supported,{}",
        time(root.created),
        !root.mfa.is_empty()
    ));
    keys(text, &root.keys);
    text.push_str(NO_CERTIFICATES);
}

fn line(text: &mut String, user: &User, account: &str, expiry: Option<u32>) {
    text.push_str(&format!("\n{},{},{},", user.name, user.arn(account), time(user.created)));
    match &user.password {
        Some(profile) => {
            let used = user.password_last_used.map_or_else(|| "no_information".to_owned(), time);
            let next = expiry.map_or_else(
                || "N/A".to_owned(),
                |days| {
                    let age = SignedDuration::from_hours(i64::from(days).saturating_mul(24));
                    time(profile.created.saturating_add(age).unwrap_or(Timestamp::MAX))
                },
            );
            text.push_str(&format!("true,{used},{},{next},", time(profile.created)));
        }
        None => text.push_str("false,N/A,N/A,N/A,"),
    }
    text.push_str(if user.mfa.is_empty() { "false" } else { "true" });
    keys(text, &user.keys);
    text.push_str(NO_CERTIFICATES);
}

/// The five columns of each of two keys.
fn keys(text: &mut String, keys: &[AccessKey]) {
    for position in 0..2 {
        let Some(key) = keys.get(position) else {
            text.push_str(",false,N/A,N/A,N/A,N/A");
            continue;
        };
        text.push_str(&format!(",{},{}", key.status == Status::Active, time(key.created)));
        match &key.last_used {
            Some(used) => text.push_str(&format!(",{},{},{}", time(used.when), used.region, used.service)),
            None => text.push_str(",N/A,N/A,N/A"),
        }
    }
}

/// A time as the report writes it.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}
