//! The lines at the top: whose account this is, as whom, where, with what credentials, and what can be done.

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use crate::domain::account::{AccountColour, SessionView};
use crate::domain::age::age;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::known::Known;
use crate::domain::text::clean;
use crate::kit::document::{fit, width};
use crate::theme::{Look, Role};

/// Credentials that end sooner than this are shown as a warning.
const SOON: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// How the connection to AWS stands, in the header's words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Link<'a> {
    /// On its way.
    Connecting,
    /// There.
    Ready,
    /// Not there, and why.
    Failed(&'a Fault),
}

/// What may be done here, and what the configuration says of the account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// How long changes are allowed still; `None`: they are not.
    pub armed: Option<SignedDuration>,
    /// How long until the console locks, where that is soon.
    pub locks_in: Option<SignedDuration>,
    /// What the configuration calls the account.
    pub name: Option<String>,
    /// The account's colour.
    pub colour: Option<AccountColour>,
}

/// Draws one or two lines, as many as `area` has.
pub fn draw(view: &SessionView, standing: &Standing, link: Link<'_>, now: Timestamp, look: &Look, area: Rect, buf: &mut Buffer) {
    let badges = badges(view, standing, area.width, look);
    let first = paint::line(area, 0);
    let used: usize = badges.iter().map(Piece::width).sum();
    let room = usize::from(area.width).saturating_sub(used + 3);
    let account = account(view, standing, link, look);
    let left = Rect { width: area.width.saturating_sub(u16::try_from(used).unwrap_or(u16::MAX)), ..first };
    let room = room.saturating_sub(account.iter().map(Piece::width).sum::<usize>());
    let end = paint::pieces(buf, left, 1, &account);
    let (identity, role) = match link {
        // The name that the session began with is not who its credentials are by now.
        Link::Failed(Fault { kind: FaultKind::OtherIdentity { was, now }, .. }) => {
            (format!("{}, not {}", short(now), short(was)), Role::Bad)
        }
        _ => (identity(view), Role::Muted),
    };
    paint::text(buf, first, end, &fit(&identity, room), look[role]);
    paint::pieces_right(buf, first, end, &badges);
    if area.height > 1 {
        second(view, link, now, look, paint::line(area, 1), buf);
    }
}

/// Made-up data say so on every screen, in as many words as there is room for.
fn badges(view: &SessionView, standing: &Standing, width: u16, look: &Look) -> Vec<Piece> {
    let mut badges = Vec::new();
    if let Some(scenario) = &view.demo {
        let text = match width {
            100.. => format!(" DEMO {}: MADE-UP DATA ", fit(&clean(scenario), 24)),
            70.. => " DEMO: MADE-UP DATA ".to_owned(),
            _ => " MADE-UP ".to_owned(),
        };
        badges.push(Piece::new(text, look[Role::BadgeDemo]));
        badges.push(Piece::new(" ", look[Role::Text]));
    }
    if let Some(left) = standing.locks_in {
        badges.push(Piece::new(format!(" LOCKS IN {} s ", seconds(left)), look[Role::NoticeWarning]));
        badges.push(Piece::new(" ", look[Role::Text]));
    }
    badges.push(match standing.armed {
        None => Piece::new(" READ-ONLY ", look[Role::BadgeReadOnly]),
        Some(left) => {
            let seconds = seconds(left);
            Piece::new(format!(" ARMED {}:{:02} ", seconds.div_euclid(60), seconds.rem_euclid(60)), look[Role::BadgeArmed])
        }
    });
    badges.push(Piece::new(" ", look[Role::Text]));
    badges
}

/// Seconds of a time that runs down: the one that has begun counts.
fn seconds(left: SignedDuration) -> i128 {
    (left.as_millis() + 999).div_euclid(1000)
}

fn account(view: &SessionView, standing: &Standing, link: Link<'_>, look: &Look) -> Vec<Piece> {
    let strong = look[standing.colour.map_or(Role::Account, Role::from)];
    match (&view.identity, link) {
        (_, Link::Failed(fault)) => vec![Piece::new(format!("not connected: {}", fault.title()), look[Role::Bad])],
        (Known::Value { value, .. }, _) => {
            let mut pieces = Vec::new();
            if let Some(name) = &standing.name {
                pieces.push(Piece::new(format!(" {} ", fit(&clean(name), 24)), strong));
            }
            pieces.push(Piece::new(clean(&value.account), strong));
            if let Some(Some(alias)) = view.alias.value() {
                pieces.push(Piece::new(format!(" {}", fit(alias.shown().as_str(), 24)), strong));
            }
            pieces.push(Piece::new("  ", look[Role::Text]));
            pieces
        }
        (Known::Denied { .. }, _) => vec![Piece::new("account: denied sts:GetCallerIdentity ", look[Role::Denied])],
        (Known::Failed { fault }, _) => vec![Piece::new(format!("account: {} ", fault.title()), look[Role::Bad])],
        (Known::Unknown | Known::Loading, _) => vec![Piece::new("account …  ", look[Role::Loading])],
    }
}

/// The identity without what the account says already: `assumed-role/Admin/alice`.
fn identity(view: &SessionView) -> String {
    let Some(identity) = view.identity.value() else { return String::new() };
    short(identity.arn.shown().as_str()).to_owned()
}

fn short(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

fn second(view: &SessionView, link: Link<'_>, now: Timestamp, look: &Look, line: Rect, buf: &mut Buffer) {
    let (muted, dot) = (look[Role::Muted], format!(" {} ", look.glyphs.dot));
    let (credentials, role) = match (link, &view.credentials) {
        (Link::Failed(_), Known::Loading | Known::Unknown) => (String::new(), Role::Muted),
        _ => credentials(view, now),
    };
    let mut facts = vec![Piece::new(credentials, look[role])];
    if let Some(profile) = &view.profile {
        facts.push(match &view.instead {
            None => Piece::new(format!("profile {}", clean(profile)), muted),
            // The name of a profile alone would say that its credentials are in use.
            Some(instead) => {
                let text = format!("profile {}: settings only, keys of {}", clean(profile), clean(instead));
                Piece::new(text, look[Role::Warning])
            }
        });
    }
    if let Some(endpoint) = &view.endpoint {
        facts.push(Piece::new(format!("endpoint {}", clean(endpoint)), look[Role::Warning]));
    }
    let others: usize = facts.iter().map(|fact| fact.width() + width(&dot)).sum();
    let regions = regions(&view.regions, usize::from(line.width).saturating_sub(others + 2));
    let mut pieces = vec![Piece::new(regions, muted)];
    for fact in facts.into_iter().filter(|fact| !fact.text.is_empty()) {
        pieces.push(Piece::new(dot.clone(), look[Role::Rule]));
        pieces.push(fact);
    }
    paint::pieces(buf, line, 1, &pieces);
}

/// All regions where they fit, else the first and how many more.
fn regions(regions: &[String], room: usize) -> String {
    let all: Vec<String> = regions.iter().map(|region| clean(region).into_owned()).collect();
    let joined = all.join(" ");
    match all.as_slice() {
        [] => "region …".into(),
        [first, rest @ ..] if width(&joined) > room && !rest.is_empty() => format!("{first} and {} more", rest.len()),
        _ => joined,
    }
}

fn credentials(view: &SessionView, now: Timestamp) -> (String, Role) {
    match &view.credentials {
        Known::Value { value, .. } => {
            let provider = clean(&value.provider);
            match value.expires {
                None => (format!("{provider}, no end"), Role::Muted),
                Some(end) if end <= now => (format!("{provider}, ended {} ago", age(end, now)), Role::Bad),
                Some(end) => {
                    let left = end.duration_since(now);
                    let role = if left < SOON { Role::Warning } else { Role::Muted };
                    (format!("{provider}, {} left", crate::domain::age::span(left)), role)
                }
            }
        }
        Known::Denied { fault } | Known::Failed { fault } => (fault.title(), Role::Bad),
        Known::Loading => ("looking for credentials".into(), Role::Loading),
        Known::Unknown => (String::new(), Role::Muted),
    }
}
