//! Keeps the detail of the selected row up to date: once for each frame, not for each message.

use crate::app::Model;
use crate::domain::detail::Section;
use crate::kit::document::{Document, Line, Scroll};
use crate::kit::table::Tone;

/// Columns of the widest label; longer ones are cut.
const LABEL: usize = 24;
/// A value longer than this is cut in the detail; the record has all of it.
const VALUE: usize = 4000;

/// Whether the screen has to be drawn. Brings the detail up to date first.
pub fn needs_draw(model: &mut Model) -> bool {
    if model.dirty && model.detail_behind && model.shows_detail() {
        refresh(model);
    }
    std::mem::take(&mut model.dirty)
}

/// Gives the keys to the detail of the selected row.
pub(super) fn open(model: &mut Model) {
    refresh(model);
    model.detail.open = true;
}

/// Writes the detail of the selected row anew. The place in it stays while the row is the same.
pub(super) fn refresh(model: &mut Model) {
    model.detail_behind = false;
    let of = model.panes.copied(model.focus).map(|(_, text)| (model.focus, text));
    let (title, sections) = model.panes.detail(model.focus, model.now).unwrap_or_default();
    let detail = &mut model.detail;
    detail.title = title;
    detail.document = document(&sections);
    if detail.of != of {
        detail.scroll = Scroll { size: detail.scroll.size, wrap: detail.scroll.wrap, ..Scroll::default() };
    }
    detail.of = of;
    detail.scroll.resize(detail.scroll.size, &detail.document);
}

fn document(sections: &[Section]) -> Document {
    let longest = |section: &Section| section.fields.iter().map(|field| field.label.chars().count()).max().unwrap_or(0);
    let label = sections.iter().map(longest).max().unwrap_or(0).min(LABEL);
    let mut lines = Vec::new();
    for section in sections {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::heading(section.title.as_str()));
        for field in &section.fields {
            lines.push(Line::labelled(&field.label, label, field.value.shown_within(VALUE).as_str(), Tone::Plain));
        }
    }
    Document::detail(lines)
}
