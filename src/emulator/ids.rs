//! Made-up identifiers in AWS's own forms, from seeded randomness.

use fastrand::Rng;

/// RFC 4648 base 32: the letters of AWS's unique ids.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The letters of secret access keys.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn pick(alphabet: &[u8], index: usize) -> char {
    alphabet.get(index % alphabet.len().max(1)).copied().map_or('A', char::from)
}

/// A unique id of IAM: `AIDA` (user), `AROA` (role), `AGPA` (group) … and 17 upper-case letters and digits.
pub fn unique(prefix: &str, rng: &mut Rng) -> String {
    let tail: String = (0..17).map(|_| pick(BASE32, rng.usize(..32))).collect();
    format!("{prefix}{tail}")
}

/// An access key id: `AKIA` (long-term) or `ASIA` (temporary) and 16 base-32 letters that, as AWS's do, carry the account's number
/// in bits 1 to 40.
pub fn access_key(prefix: &str, account: &str, rng: &mut Rng) -> String {
    let number: u128 = account.parse().unwrap_or(0) & ((1 << 40) - 1);
    let bits = (1 << 79) | (number << 39) | u128::from(rng.u64(..(1 << 39)));
    let tail: String =
        (0..16).rev().map(|digit| pick(BASE32, usize::try_from((bits >> (digit * 5)) & 31).unwrap_or(0))).collect();
    format!("{prefix}{tail}")
}

/// The account that an access key id names, twelve digits; `None` where it is no key id.
pub fn account_of(access_key: &str) -> Option<String> {
    let tail = access_key.strip_prefix("AKIA").or_else(|| access_key.strip_prefix("ASIA"))?;
    if tail.len() != 16 {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in tail.bytes() {
        let digit = BASE32.iter().position(|letter| *letter == byte)?;
        bits = (bits << 5) | u128::try_from(digit).ok()?;
    }
    Some(format!("{:012}", (bits >> 39) & ((1 << 40) - 1)))
}

/// A secret access key: 40 letters.
pub fn secret(rng: &mut Rng) -> String {
    token(40, rng)
}

/// A text of base-64 letters, as in session tokens.
pub fn token(letters: usize, rng: &mut Rng) -> String {
    (0..letters).map(|_| pick(BASE64, rng.usize(..64))).collect()
}

/// A text of letters and digits, as at the end of a secret's ARN.
pub fn letters(count: usize, rng: &mut Rng) -> String {
    (0..count).map(|_| rng.alphanumeric()).collect()
}

/// A version 4 UUID: request ids, event ids.
pub fn uuid(rng: &mut Rng) -> String {
    let bits = (rng.u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_awss_forms() {
        let mut rng = Rng::with_seed(7);
        let user = unique("AIDA", &mut rng);
        assert_eq!(user.len(), 21);
        assert!(user.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit()));
        let key = access_key("AKIA", "123456789012", &mut rng);
        assert_eq!(key.len(), 20);
        assert_eq!(account_of(&key).as_deref(), Some("123456789012"));
        assert_eq!(account_of("AKIAshort"), None);
        let uuid = uuid(&mut rng);
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_eq!(secret(&mut rng).len(), 40);
    }
}
