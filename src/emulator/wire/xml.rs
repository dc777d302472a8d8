//! Writes XML. Writing to memory cannot fail, so the errors of the writer below are not passed on.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

/// An XML document in the making.
pub struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    /// An empty document.
    pub fn new() -> Self {
        Self { writer: Writer::new(Vec::with_capacity(1024)) }
    }

    /// The bytes written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.writer.into_inner()
    }

    /// `<name>text</name>`, escaped.
    pub fn text(&mut self, name: &str, text: &str) {
        self.event(Event::Start(BytesStart::new(name)));
        self.event(Event::Text(BytesText::new(&allowed(text))));
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// `<name>text</name>`, or nothing: AWS leaves out what is not set.
    pub fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// `<name>…</name>`.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.event(Event::Start(BytesStart::new(name)));
        inside(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// `<name xmlns="namespace">…</name>`.
    pub fn root(&mut self, name: &str, namespace: &str, inside: impl FnOnce(&mut Self)) {
        self.event(Event::Start(BytesStart::new(name).with_attributes([("xmlns", namespace)])));
        inside(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// A list: `<name><member>…</member>…</name>`, there even when empty.
    pub fn list<T>(&mut self, name: &str, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.element(name, |xml| {
            for item in items {
                xml.element("member", |xml| each(xml, item));
            }
        });
    }

    /// A list of plain texts.
    pub fn texts<'a>(&mut self, name: &str, items: impl IntoIterator<Item = &'a str>) {
        self.element(name, |xml| {
            for item in items {
                xml.text("member", item);
            }
        });
    }

    fn event(&mut self, event: Event<'_>) {
        let _infallible = self.writer.write_event(event);
    }
}

impl Default for Xml {
    fn default() -> Self {
        Self::new()
    }
}

/// The text without what XML 1.0 cannot carry, not even escaped: refusals repeat what clients sent.
fn allowed(text: &str) -> Cow<'_, str> {
    let is_refused =
        |letter: char| (letter < ' ' && !matches!(letter, '\t' | '\n' | '\r')) || matches!(letter, '\u{fffe}' | '\u{ffff}');
    if text.contains(is_refused) { text.replace(is_refused, "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_spoil_the_document() {
        let mut xml = Xml::new();
        xml.text("A", "a\u{1}\u{1b}[31m\tb\u{ffff}");
        assert_eq!(String::from_utf8(xml.into_bytes()).unwrap(), "<A>a\u{fffd}\u{fffd}[31m\tb\u{fffd}</A>");
    }

    #[test]
    fn text_is_escaped_and_lists_have_members() {
        let mut xml = Xml::new();
        xml.root("R", "urn:x", |xml| {
            xml.text("A", "<&>\"'");
            xml.texts("L", ["one", "two"]);
            xml.texts("Empty", []);
        });
        assert_eq!(
            String::from_utf8(xml.into_bytes()).unwrap(),
            "<R xmlns=\"urn:x\"><A>&lt;&amp;&gt;&quot;&apos;</A><L><member>one</member><member>two</member></L><Empty></Empty></R>"
        );
    }
}
