//! Opaque paging tokens: they carry a position, and are worth nothing to a request with other parameters.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// Makes a token out of a position and of what the request asked for (`bound_to`).
pub fn seal(position: &impl Serialize, bound_to: &str) -> String {
    let body = serde_json::to_string(position).unwrap_or_default();
    BASE64.encode(format!("{}|{body}", seal_of(&body, bound_to)))
}

/// Reads a token back; `None` when it is not one of ours, or was made for other parameters.
pub fn open<T: DeserializeOwned>(token: &str, bound_to: &str) -> Option<T> {
    let plain = String::from_utf8(BASE64.decode(token).ok()?).ok()?;
    let (seal, body) = plain.split_once('|')?;
    if seal != seal_of(body, bound_to) {
        return None;
    }
    serde_json::from_str(body).ok()
}

fn seal_of(body: &str, bound_to: &str) -> String {
    let digest = Sha256::digest(format!("bartizan page\n{bound_to}\n{body}"));
    BASE64.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_for_its_own_request_only() {
        let token = seal(&41_u32, "LookupEvents|us-east-1|Username=eve");
        assert_eq!(open::<u32>(&token, "LookupEvents|us-east-1|Username=eve"), Some(41));
        assert_eq!(open::<u32>(&token, "LookupEvents|us-east-1|Username=adam"), None);
        assert_eq!(open::<u32>("AAAA", "x"), None);
        assert_eq!(open::<u32>("not base64!", "x"), None);
    }
}
