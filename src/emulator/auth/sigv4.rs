//! Checks a Signature Version 4, from the documentation of the signing process.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::Authorization;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::{Protocol, Request};

/// The only algorithm that is understood.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Everything but RFC 3986's unreserved letters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A header's text, where it has exactly that.
pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// Compares the signature with the one that the secret makes.
pub fn verify(request: &Request, authorization: &Authorization, secret: &str, protocol: Protocol) -> Result<(), ServiceError> {
    let given = hex_to_bytes(&authorization.signature).unwrap_or_default();
    let mac = hmac(&signing_key(authorization, secret), &string_to_sign(request, authorization));
    mac.verify_slice(&given).map_err(|_| {
        let message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
                       and signing method. Consult the service documentation for details.";
        ServiceError::bad_signature(protocol, message)
    })
}

fn string_to_sign(request: &Request, authorization: &Authorization) -> String {
    let time = header(request, "x-amz-date").unwrap_or_default();
    let Authorization { date, region, service, .. } = authorization;
    let hash = hex(&Sha256::digest(canonical_request(request, authorization)));
    format!("{ALGORITHM}\n{time}\n{date}/{region}/{service}/aws4_request\n{hash}")
}

fn signing_key(authorization: &Authorization, secret: &str) -> Vec<u8> {
    let Authorization { date, region, service, .. } = authorization;
    [date, region, service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part).finalize().into_bytes().to_vec())
}

fn canonical_request(request: &Request, authorization: &Authorization) -> String {
    let headers: String =
        authorization.signed_headers.iter().map(|name| format!("{name}:{}\n", canonical_header(request, name))).collect();
    let payload = header(request, "x-amz-content-sha256").map_or_else(|| hex(&Sha256::digest(request.body())), str::to_owned);
    [
        request.method().as_str(),
        &canonical_path(request.uri().path()),
        &canonical_query(request.uri().query().unwrap_or_default()),
        &headers,
        &authorization.signed_headers.join(";"),
        &payload,
    ]
    .join("\n")
}

/// The path as sent, encoded once more, as all services but S3 want it.
fn canonical_path(path: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    path.split('/').map(|part| utf8_percent_encode(part, RESERVED).to_string()).collect::<Vec<_>>().join("/")
}

fn canonical_query(query: &str) -> String {
    let encode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        utf8_percent_encode(&decoded, RESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// All values of a header, trimmed, runs of spaces made one. `host` may be in the URI only, as HTTP/1 clients add it last.
fn canonical_header(request: &Request, name: &str) -> String {
    let mut values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok()).peekable();
    if values.peek().is_none() && name == "host" {
        return request.uri().authority().map(ToString::to_string).unwrap_or_default();
    }
    values.map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(",")
}

fn hmac(key: &[u8], text: &str) -> Hmac<Sha256> {
    // A key of HMAC may have any length; the empty one stands in for an error that cannot be.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    mac.update(text.as_bytes());
    mac
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex_to_bytes(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// The example of the documentation "Signature Version 4 signing process", IAM ListUsers.
    #[test]
    fn the_documented_example_verifies() {
        let request = http::Request::builder()
            .method("GET")
            .uri("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("host", "iam.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            )
            .body(Bytes::new())
            .unwrap();
        let authorization = Authorization::of(&request, Protocol::Query).unwrap();
        assert_eq!(authorization.service, "iam");
        verify(&request, &authorization, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Protocol::Query).unwrap();
        let refused = verify(&request, &authorization, "wrong", Protocol::Query).unwrap_err();
        assert_eq!((refused.code.as_ref(), refused.status), ("SignatureDoesNotMatch", 403));
    }

    #[test]
    fn headers_and_queries_are_made_canonical() {
        assert_eq!(canonical_query("b=2&a=%7e&a=1%2F&c"), "a=1%2F&a=~&b=2&c=");
        assert_eq!(canonical_path("/detector/a%3Ab"), "/detector/a%253Ab");
        assert_eq!(canonical_path(""), "/");
    }
}
