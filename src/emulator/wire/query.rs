//! awsQuery: a form in, XML out, errors in `ErrorResponse`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::error::ServiceError;
use super::xml::Xml;
use super::{Response, respond};
use crate::emulator::svc::{Call, Service};

/// Decoded form or query-string parameters. A name given twice keeps its last value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads `a=1&b=2`; `+` is a space.
    pub fn parse(text: &str) -> Self {
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair = |pair: &str| match pair.split_once('=') {
            Some((name, value)) => (decode(name), decode(value)),
            None => (decode(pair), String::new()),
        };
        Self(text.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The values of a list, `Name.member.1` and on, in order.
    pub fn list(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|index: u32| self.get(&format!("{name}.member.{index}"))).collect()
    }

    /// All parameters, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The XML namespace of a service.
const fn namespace(service: Service) -> &'static str {
    match service {
        Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "https://iam.amazonaws.com/doc/2010-05-08/",
    }
}

/// A success with a result: `<OpResponse><OpResult>…</OpResult><ResponseMetadata>…`.
pub fn result(call: &Call, inside: impl FnOnce(&mut Xml)) -> Response {
    envelope(call, |xml| xml.element(&format!("{}Result", call.operation), inside))
}

/// A success of an operation that returns nothing.
pub fn done(call: &Call) -> Response {
    envelope(call, |_| {})
}

fn envelope(call: &Call, inside: impl FnOnce(&mut Xml)) -> Response {
    let mut xml = Xml::new();
    xml.root(&format!("{}Response", call.operation), namespace(call.service), |xml| {
        inside(xml);
        xml.element("ResponseMetadata", |xml| xml.text("RequestId", &call.request_id));
    });
    respond(200, "text/xml", xml.into_bytes())
}

/// `<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>`.
pub fn error(service: Service, error: &ServiceError, request_id: &str) -> Response {
    let mut xml = Xml::new();
    xml.root("ErrorResponse", namespace(service), |xml| {
        xml.element("Error", |xml| {
            xml.text("Type", if error.status < 500 { "Sender" } else { "Receiver" });
            xml.text("Code", &error.code);
            xml.text("Message", &error.message);
        });
        xml.text("RequestId", request_id);
    });
    respond(error.status, "text/xml", xml.into_bytes())
}

/// A time as awsQuery writes it: ISO 8601, whole seconds, `Z`.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        let params = Params::parse("Action=ListUsers&PathPrefix=%2Fa+b%2F&Tag.member.1=x&Tag.member.2=%C3%A9&empty=");
        assert_eq!(params.get("Action"), Some("ListUsers"));
        assert_eq!(params.get("PathPrefix"), Some("/a b/"));
        assert_eq!(params.list("Tag"), ["x", "é"]);
        assert_eq!(params.get("empty"), Some(""));
        assert_eq!(params.get("none"), None);
    }
}
