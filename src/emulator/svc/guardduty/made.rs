//! A large population of findings that is computed when it is asked for: 50,000 findings cost nothing until a page is read.
//!
//! Finding number `i` (0 is the newest) is kind `KINDS[i % K]` with its own id, times and resource name. What a condition or an
//! order can ask of the kind alone is decided once per kind; so a page costs the same wherever it lies.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::criteria::{self, Criteria};
use super::detector::iso;
use super::order::Sort;

/// An odd number: multiplying by it turns neighbouring indices into distant ids and back.
const SPREAD: u32 = 0x9E37_79B1;
/// `SPREAD * UNSPREAD == 1` modulo 2^32.
const UNSPREAD: u32 = inverse(SPREAD);

/// What a statistic keeps apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// Kinds only.
    Kinds,
    /// Kinds and days.
    Days,
    /// Every finding.
    All,
}

/// The population.
#[derive(Debug)]
pub struct Made {
    /// How many findings there are.
    pub len: u32,
    /// `updatedAt` of the newest.
    pub newest: Timestamp,
    /// Milliseconds between two findings.
    pub step_ms: i64,
    /// Makes the kinds: whole findings whose ids, times and names are replaced.
    pub maker: fn(&Made) -> Vec<Value>,
    /// Gives a finding of a kind the names that tell it from the others, by its number.
    pub name: fn(&mut Value, u32),
    kinds: OnceLock<Vec<Value>>,
    archived: BTreeMap<u32, bool>,
}

impl Made {
    /// A population; nothing is computed yet.
    pub fn new(len: u32, newest: Timestamp, step_ms: i64, maker: fn(&Self) -> Vec<Value>, name: fn(&mut Value, u32)) -> Self {
        Self { len, newest, step_ms, maker, name, kinds: OnceLock::new(), archived: BTreeMap::new() }
    }

    fn kinds(&self) -> &[Value] {
        self.kinds.get_or_init(|| (self.maker)(self))
    }

    /// The number of kinds; at least one.
    fn turn(&self) -> u32 {
        u32::try_from(self.kinds().len()).unwrap_or(u32::MAX).max(1)
    }

    fn kind(&self, index: u32) -> &Value {
        static NOTHING: Value = Value::Null;
        self.kinds().get((index % self.turn()) as usize).unwrap_or(&NOTHING)
    }

    /// The finding with an id.
    pub fn by_id(&self, id: &str) -> Option<Value> {
        self.index(id).map(|index| self.finding(index))
    }

    /// Archives a finding, or takes it back; an id of nobody is ignored.
    pub fn archive(&mut self, id: &str, archived: bool) {
        if let Some(index) = self.index(id) {
            self.archived.insert(index, archived);
        }
    }

    fn index(&self, id: &str) -> Option<u32> {
        let index = u32::from_str_radix(id.get(..8)?, 16).ok()?.wrapping_mul(UNSPREAD);
        (index < self.len && id_of(index) == id).then_some(index)
    }

    fn time(&self, index: u32) -> Timestamp {
        let back = SignedDuration::from_millis(self.step_ms.saturating_mul(i64::from(index)));
        self.newest.checked_sub(back).unwrap_or(Timestamp::MIN)
    }

    /// The id of finding number `index`.
    pub fn id(&self, index: u32) -> String {
        id_of(index)
    }

    /// Finding number `index`.
    pub fn finding(&self, index: u32) -> Value {
        let mut finding = self.kind(index).clone();
        let id = id_of(index);
        let (time, earlier) = (iso(self.time(index)), iso(self.time(index.saturating_add(40))));
        let mut set = |pointer: &str, value: Value| {
            if let Some(place) = finding.pointer_mut(pointer) {
                *place = value;
            }
        };
        set("/updatedAt", time.clone().into());
        set("/createdAt", earlier.clone().into());
        set("/service/eventLastSeen", time.into());
        set("/service/eventFirstSeen", earlier.into());
        if let Some(archived) = self.archived.get(&index) {
            set("/service/archived", (*archived).into());
        }
        (self.name)(&mut finding, index);
        let arn = finding.get("arn").and_then(Value::as_str).unwrap_or_default();
        let arn = format!("{}/finding/{id}", arn.split("/finding/").next().unwrap_or_default());
        if let Some(root) = finding.as_object_mut() {
            root.insert("arn".into(), arn.into());
            root.insert("id".into(), id.into());
        }
        finding
    }

    /// What conditions and statistics can ask of finding number `index`; much cheaper than the finding.
    fn facts(&self, index: u32) -> Value {
        let kind = self.kind(index);
        let part = |pointer: &str| kind.pointer(pointer).cloned().unwrap_or_default();
        let archived = self.archived.get(&index).map_or_else(|| part("/service/archived"), |archived| (*archived).into());
        let time = iso(self.time(index));
        let mut facts = json!({
            "id": id_of(index), "accountId": part("/accountId"), "type": part("/type"), "severity": part("/severity"),
            "updatedAt": time, "createdAt": iso(self.time(index.saturating_add(40))),
            "service": {"archived": archived, "eventLastSeen": time, "eventFirstSeen": iso(self.time(index.saturating_add(40)))},
            "resource": {
                "resourceType": part("/resource/resourceType"),
                "accessKeyDetails": part("/resource/accessKeyDetails"),
                "instanceDetails": {"instanceId": part("/resource/instanceDetails/instanceId")},
            },
        });
        (self.name)(&mut facts, index);
        facts
    }

    /// Rank and number of up to `most` findings from a rank of an order on.
    pub fn page(&self, criteria: &Criteria, sort: &Sort, from: u32, most: usize) -> Vec<(u32, u32)> {
        let (of_kind, of_one) = self.split(criteria);
        let wanted: Vec<bool> = self.kinds().iter().map(|kind| of_kind.admits(kind)).collect();
        if !wanted.contains(&true) {
            return Vec::new();
        }
        let (newest, oldest) = self.range(criteria);
        let order = Order::new(self, sort);
        (from..self.len)
            .map(|rank| (rank, order.index(rank)))
            .filter(|(_, index)| (newest..oldest).contains(index))
            .filter(|(_, index)| wanted.get((index % self.turn()) as usize).copied().unwrap_or_default())
            .filter(|(_, index)| of_one.is_empty() || of_one.admits(&self.facts(*index)))
            .take(most)
            .collect()
    }

    /// How many findings there are of each kind that is wanted, each with the facts of one that stands for them: of each day
    /// apart, or each alone, where that is asked.
    pub fn tally(&self, criteria: &Criteria, apart: Apart) -> Vec<(Value, u64)> {
        let (of_kind, of_one) = self.split(criteria);
        let wanted: Vec<bool> = self.kinds().iter().map(|kind| of_kind.admits(kind)).collect();
        let (newest, oldest) = self.range(criteria);
        let mut counts: BTreeMap<(u32, i64), (u32, u64)> = BTreeMap::new();
        for index in newest..oldest.min(self.len) {
            let kind = index % self.turn();
            if !wanted.get(kind as usize).copied().unwrap_or_default()
                || !(of_one.is_empty() || of_one.admits(&self.facts(index)))
            {
                continue;
            }
            let apart = match apart {
                Apart::Kinds => 0,
                Apart::Days => self.time(index).as_second().div_euclid(86_400),
                Apart::All => i64::from(index),
            };
            counts.entry((kind, apart)).or_insert((index, 0)).1 += 1;
        }
        counts.into_values().map(|(index, count)| (self.facts(index), count)).collect()
    }

    /// The conditions that a kind decides, and those that each finding has to be asked about.
    fn split(&self, criteria: &Criteria) -> (Criteria, Criteria) {
        criteria.clone().split(|path| match path {
            "service.archived" => self.archived.is_empty(),
            "id" | "resource.instanceDetails.instanceId" => false,
            other if other.starts_with("resource.accessKeyDetails.") => false,
            other => !is_time(other),
        })
    }

    /// The indices whose `updatedAt` lies within the conditions on it: from the first to before the second.
    fn range(&self, criteria: &Criteria) -> (u32, u32) {
        let (least, most) = criteria.bounds("updatedAt");
        let newest = self.newest.as_millisecond();
        let step = self.step_ms.max(1);
        let index = |at: i64| u32::try_from(newest.saturating_sub(at).div_euclid(step).max(0)).unwrap_or(u32::MAX);
        (most.map_or(0, index), least.map_or(self.len, |least| index(least).saturating_add(1)).min(self.len))
    }
}

/// Which finding has which rank in an order.
struct Order {
    len: u32,
    turn: u32,
    /// By time, where the member is one; else by groups of kinds with the same value.
    by_time: Option<bool>,
    /// Kinds of each group in ascending order, and how many findings come before the group.
    groups: Vec<(Vec<u32>, u32)>,
}

impl Order {
    fn new(made: &Made, sort: &Sort) -> Self {
        let turn = made.turn();
        let mut order = Self { len: made.len, turn, by_time: None, groups: Vec::new() };
        if is_time(&sort.path) || sort.path == "id" {
            order.by_time = Some(sort.descending);
            return order;
        }
        let mut kinds: Vec<(Option<f64>, String, u32)> = (0..turn)
            .map(|kind| {
                let value = criteria::values(made.kind(kind), &sort.path).into_iter().next().unwrap_or_default();
                (criteria::number(&value), criteria::text(&value), kind)
            })
            .collect();
        kinds.sort_by(|one, other| {
            let by_value = match (one.0, other.0) {
                (Some(one), Some(other)) => one.total_cmp(&other),
                _ => one.1.cmp(&other.1),
            };
            (if sort.descending { by_value.reverse() } else { by_value }).then(one.2.cmp(&other.2))
        });
        let mut before = 0_u32;
        for group in kinds.chunk_by(|one, other| one.0 == other.0 && one.1 == other.1) {
            let members: Vec<u32> = group.iter().map(|(_, _, kind)| *kind).collect();
            let count: u32 = members.iter().map(|kind| (made.len.saturating_sub(*kind)).div_ceil(turn)).sum();
            order.groups.push((members, before));
            before += count;
        }
        order
    }

    fn index(&self, rank: u32) -> u32 {
        match self.by_time {
            Some(true) => return rank,
            Some(false) => return self.len.saturating_sub(1).saturating_sub(rank),
            None => {}
        }
        let at = self.groups.partition_point(|(_, before)| *before <= rank).saturating_sub(1);
        let Some((kinds, before)) = self.groups.get(at) else { return rank };
        let within = rank.saturating_sub(*before);
        let size = u32::try_from(kinds.len()).unwrap_or(1).max(1);
        let kind = kinds.get((within % size) as usize).copied().unwrap_or_default();
        (within / size) * self.turn + kind
    }
}

fn is_time(path: &str) -> bool {
    matches!(path, "updatedAt" | "createdAt" | "service.eventFirstSeen" | "service.eventLastSeen")
}

fn id_of(index: u32) -> String {
    let spread = index.wrapping_mul(SPREAD);
    let tail = u128::from(index).wrapping_mul(0xD1B5_4A32_D192_ED03_8CB9_2BA7_2F3D_8DD7) >> 32;
    format!("{spread:08x}{tail:024x}")
}

/// The multiplicative inverse of an odd number modulo 2^32, by Newton's iteration.
pub(crate) const fn inverse(odd: u32) -> u32 {
    let mut x = odd;
    let mut round = 0;
    while round < 5 {
        x = x.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(x)));
        round += 1;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(_: &Made) -> Vec<Value> {
        [2.0, 8.0, 5.0, 8.0, 2.0, 9.5, 2.0]
            .iter()
            .map(|severity| json!({"severity": severity, "updatedAt": "", "createdAt": "", "service": {"archived": false}}))
            .collect()
    }

    fn made() -> Made {
        Made::new(1_003, "2026-11-21T12:00:00Z".parse().unwrap(), 1_000, kinds, |_, _| {})
    }

    fn sort(path: &str, descending: bool) -> Sort {
        Sort { path: path.into(), descending }
    }

    #[test]
    fn every_rank_is_one_finding_and_the_order_holds() {
        let made = made();
        let all = made.page(&Criteria::default(), &sort("severity", true), 0, 5_000);
        assert_eq!(all.len(), 1_003);
        let severities: Vec<f64> = all.iter().map(|(_, index)| made.finding(*index)["severity"].as_f64().unwrap()).collect();
        assert!(severities.is_sorted_by(|one, other| one >= other));
        let ids: std::collections::BTreeSet<String> = all.iter().map(|(_, index)| made.id(*index)).collect();
        assert_eq!(ids.len(), 1_003);
    }

    #[test]
    fn an_id_leads_back_to_its_finding() {
        let made = made();
        for index in [0, 1, 500, 1_002] {
            let finding = made.finding(index);
            assert_eq!(made.by_id(finding["id"].as_str().unwrap()), Some(finding));
        }
        assert_eq!(made.by_id(&id_of(1_003)), None);
        assert_eq!(made.by_id("zz"), None);
    }

    #[test]
    fn time_bounds_are_found_by_arithmetic() {
        let made = made();
        let since = made.time(99).as_millisecond();
        let criteria = Criteria::parse(Some(&json!({"criterion": {"updatedAt": {"gte": since}}}))).unwrap();
        assert_eq!(made.page(&criteria, &sort("updatedAt", false), 0, 5_000).len(), 100);
        assert_eq!(made.tally(&criteria, Apart::Days).iter().map(|(_, count)| count).sum::<u64>(), 100);
    }

    #[test]
    fn archiving_one_hides_one() {
        let mut made = made();
        let id = made.finding(7)["id"].as_str().unwrap().to_owned();
        made.archive(&id, true);
        let criteria = Criteria::parse(Some(&json!({"criterion": {"service.archived": {"eq": ["false"]}}}))).unwrap();
        assert_eq!(made.page(&criteria, &sort("severity", true), 0, 5_000).len(), 1_002);
    }
}
