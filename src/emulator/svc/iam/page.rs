//! Paging: `Marker`, `MaxItems`, `IsTruncated`, the same in every list of IAM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::input::{constraint, invalid, length};
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::query;
use crate::emulator::wire::xml::Xml;

/// How many entries a list has without `MaxItems`.
const DEFAULT: usize = 100;

/// Letters of a marker's seal.
const SEAL: usize = 12;

/// Which part of a list was asked for.
#[derive(Debug)]
pub(super) struct Window {
    /// The id of the last entry of the page before.
    pub(super) after: Option<String>,
    most: usize,
    scope: String,
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    items: Vec<T>,
    marker: Option<String>,
}

impl Window {
    /// Reads `Marker` and `MaxItems`. A marker is good for the operation and the subject that it was made for.
    pub(super) fn of(seed: u64, call: &Call) -> Result<Self, ServiceError> {
        let subject =
            ["UserName", "PathPrefix", "AssignmentStatus"].map(|name| call.form.get(name).unwrap_or_default()).join("\n");
        let scope = format!("{seed}\n{}\n{subject}", call.operation);
        let most = match call.form.get("MaxItems") {
            Some(text) => max_items(text)?,
            None => DEFAULT,
        };
        let after = match call.form.get("Marker") {
            Some(marker) => {
                length("Marker", marker, 1, 320)?;
                Some(open(&scope, marker).ok_or_else(|| invalid("Invalid Marker."))?)
            }
            None => None,
        };
        Ok(Self { after, most, scope })
    }

    /// Takes one page from the entries behind [`Window::after`]; each comes with its id.
    pub(super) fn take<'a, T>(&self, mut entries: impl Iterator<Item = (&'a str, T)>) -> Page<T> {
        let mut items = Vec::new();
        let mut last = "";
        for (id, item) in entries.by_ref().take(self.most) {
            items.push(item);
            last = id;
        }
        let marker = entries.next().map(|_| seal(&self.scope, last));
        Page { items, marker }
    }

    /// Takes one page from all entries of a short list, in which the order is not that of the ids.
    pub(super) fn take_of_all<'a, T>(&self, entries: impl Iterator<Item = (&'a str, T)>) -> Page<T> {
        let mut is_behind = self.after.is_none();
        self.take(entries.filter(|(id, _)| {
            let was_behind = is_behind;
            is_behind = is_behind || self.after.as_deref() == Some(*id);
            was_behind
        }))
    }
}

impl<T> Page<T> {
    /// The response: `IsTruncated`, the list, `Marker`.
    pub(super) fn response(self, call: &Call, name: &str, mut each: impl FnMut(&mut Xml, T)) -> Response {
        query::result(call, |xml| {
            xml.text("IsTruncated", if self.marker.is_some() { "true" } else { "false" });
            xml.list(name, self.items, &mut each);
            xml.optional("Marker", self.marker.as_deref());
        })
    }
}

impl Page<&str> {
    /// The response of a list of plain texts.
    pub(super) fn texts(self, call: &Call, name: &str) -> Response {
        query::result(call, |xml| {
            xml.text("IsTruncated", if self.marker.is_some() { "true" } else { "false" });
            xml.texts(name, self.items.iter().copied());
            xml.optional("Marker", self.marker.as_deref());
        })
    }
}

fn max_items(text: &str) -> Result<usize, ServiceError> {
    let number: i64 = text.parse().map_err(|_| invalid(format!("Invalid Argument: '{text}' is not a valid integer")))?;
    if number < 1 {
        return Err(constraint("MaxItems", text, "have value greater than or equal to 1"));
    }
    if number > 1000 {
        return Err(constraint("MaxItems", text, "have value less than or equal to 1000"));
    }
    usize::try_from(number).map_err(|_| invalid("Invalid Argument"))
}

/// A marker: the id behind a seal, so that clients can do nothing but hand it back.
fn seal(scope: &str, id: &str) -> String {
    STANDARD.encode([seal_of(scope, id).as_slice(), id.as_bytes()].concat())
}

fn open(scope: &str, marker: &str) -> Option<String> {
    let bytes = STANDARD.decode(marker).ok()?;
    let (given, id) = bytes.split_at_checked(SEAL)?;
    let id = String::from_utf8(id.to_vec()).ok()?;
    (given == seal_of(scope, &id)).then_some(id)
}

fn seal_of(scope: &str, id: &str) -> Vec<u8> {
    // A key of HMAC may have any length; the empty one stands in for an error that cannot be.
    let mut mac = Hmac::<Sha256>::new_from_slice(scope.as_bytes()).unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    mac.update(id.as_bytes());
    mac.finalize().into_bytes().iter().copied().take(SEAL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(after: Option<&str>, most: usize) -> Window {
        Window { after: after.map(str::to_owned), most, scope: "s".into() }
    }

    #[test]
    fn a_marker_opens_only_where_it_was_made() {
        let marker = seal("scope", "alice");
        assert_eq!(open("scope", &marker).as_deref(), Some("alice"));
        assert_eq!(open("other", &marker), None);
        assert_eq!(open("scope", "garbage"), None);
        assert_eq!(open("scope", ""), None);
        assert!(seal("scope", &"x".repeat(128)).len() <= 320);
    }

    #[test]
    fn the_last_page_has_no_marker() {
        let all = || ["b", "a", "c"].into_iter().map(|id| (id, id));
        let first = window(None, 2).take_of_all(all());
        assert_eq!(first.items, ["b", "a"]);
        assert_eq!(open("s", &first.marker.unwrap()).as_deref(), Some("a"));
        let last = window(Some("a"), 2).take_of_all(all());
        assert_eq!((last.items, last.marker), (vec!["c"], None));
        let exact = window(None, 3).take_of_all(all());
        assert_eq!((exact.items.len(), exact.marker), (3, None));
    }
}
