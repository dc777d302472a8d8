//! Who asks: reads `Authorization`, finds the key, checks time and signature.

pub mod sigv4;

use jiff::{SignedDuration, Timestamp};

use super::account::{Account, Principal};
use super::svc::Service;
use super::svc::iam::FoundKey;
use super::wire::error::ServiceError;
use super::wire::{Protocol, Request};

/// How far a signature's time may be from the server's.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// A SigV4 `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// `AKIA…` or `ASIA…`.
    pub access_key: String,
    /// `20261121`.
    pub date: String,
    /// The region of the scope.
    pub region: String,
    /// The service of the scope.
    pub service: String,
    /// Names of the signed headers, in lower case.
    pub signed_headers: Vec<String>,
    /// 64 hexadecimal digits.
    pub signature: String,
}

impl Authorization {
    /// Reads the header of a request; says as AWS does what is missing.
    pub fn of(request: &Request, protocol: Protocol) -> Result<Self, ServiceError> {
        let Some(header) = request.headers().get(http::header::AUTHORIZATION) else {
            return Err(ServiceError::missing_token(protocol));
        };
        let text = header.to_str().unwrap_or_default();
        Self::parse(text, request).map_err(|message| ServiceError::incomplete_signature(protocol, message))
    }

    fn parse(text: &str, request: &Request) -> Result<Self, String> {
        let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != sigv4::ALGORITHM {
            return Err(format!("Unsupported AWS 'algorithm': '{algorithm}'."));
        }
        let part = |name: &str| {
            rest.split(',').filter_map(|part| part.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let mut missing = String::new();
        for name in ["Credential", "Signature", "SignedHeaders"] {
            if part(name).is_none() {
                missing.push_str(&format!("Authorization header requires '{name}' parameter. "));
            }
        }
        if !request.headers().contains_key("x-amz-date") && !request.headers().contains_key(http::header::DATE) {
            missing.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
        }
        let (Some(credential), Some(signature), Some(headers), true) =
            (part("Credential"), part("Signature"), part("SignedHeaders"), missing.is_empty())
        else {
            return Err(format!("{missing}Authorization={algorithm}"));
        };
        let [access_key, date, region, service, "aws4_request"] = *credential.split('/').collect::<Vec<_>>().as_slice() else {
            return Err(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
            ));
        };
        Ok(Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: headers.split(';').map(str::to_owned).collect(),
            signature: signature.to_owned(),
        })
    }
}

/// What the check needs to know of the world.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Whether an unknown access key id counts as the account's administrator.
    pub accept_any_credentials: bool,
    /// The account's time, for the end of temporary credentials.
    pub now: Timestamp,
    /// The server's wall time, for the signature's.
    pub wall: Timestamp,
}

/// Who made a request, and with which credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// When the temporary credentials were made, and whether with MFA; long-term keys have neither.
    pub session: Option<(Timestamp, bool)>,
}

/// Finds out who made a request, or refuses it as AWS does.
pub fn authenticate(
    account: &mut Account,
    request: &Request,
    authorization: &Authorization,
    service: Service,
    policy: Policy,
) -> Result<Caller, ServiceError> {
    check_time(request, authorization, service.protocol(), policy.wall)?;
    if !authorization.signed_headers.iter().any(|name| name == "host") {
        let message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
        return Err(ServiceError::bad_signature(service.protocol(), message));
    }
    let key = authorization.access_key.as_str();
    if let Some(session) = account.sts.credentials(key) {
        sigv4::verify(request, authorization, &session.secret, service.protocol())?;
        if sigv4::header(request, "x-amz-security-token") != Some(session.token.as_str()) {
            return Err(ServiceError::unknown_key(service));
        }
        if session.expires <= policy.now {
            return Err(ServiceError::expired(service));
        }
        return Ok(Caller { principal: session.principal.clone(), session: Some((session.issued, session.mfa)) });
    }
    match account.iam.find_key(key, service.name(), &authorization.region, policy.now) {
        FoundKey::Owned(owned) if owned.is_active => {
            sigv4::verify(request, authorization, &owned.secret, service.protocol())?;
            account.iam.note_use(key, service.name(), &authorization.region, policy.now);
            Ok(Caller { principal: owned.principal, session: None })
        }
        FoundKey::Unknown if policy.accept_any_credentials => {
            Ok(Caller { principal: account.iam.administrator(), session: None })
        }
        FoundKey::Owned(_) | FoundKey::NotHere | FoundKey::Unknown => Err(ServiceError::unknown_key(service)),
    }
}

fn check_time(request: &Request, authorization: &Authorization, protocol: Protocol, wall: Timestamp) -> Result<(), ServiceError> {
    let Some(signed) = sigv4::header(request, "x-amz-date").and_then(parse_compact) else {
        let message = "Date must be in ISO-8601 'basic format'. Got something else. See http://en.wikipedia.org/wiki/ISO_8601";
        return Err(ServiceError::incomplete_signature(protocol, message));
    };
    if signed.strftime("%Y%m%d").to_string() != authorization.date {
        let message = format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{}'.",
            authorization.date,
            signed.strftime("%Y%m%d"),
            signed.strftime("%Y%m%dT%H%M%SZ")
        );
        return Err(ServiceError::bad_signature(protocol, message));
    }
    if signed.duration_since(wall).abs() > TOLERANCE {
        return Err(ServiceError::skewed(protocol, signed, wall));
    }
    Ok(())
}

/// `20261121T223000Z`.
fn parse_compact(text: &str) -> Option<Timestamp> {
    jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}
