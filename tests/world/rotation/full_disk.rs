//! A journal for which the disk is full: what is not written down is not done, and with room again it goes on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bartizan::domain::rotation::{Choice, Command, Phase, Rotation, StoreChoice, Wait};
use bartizan::rotation::journal;
use tokio::runtime::Runtime;

use super::castle::Castle;
use super::{Place, approved, request};
use crate::stores::bad_days::Small;

/// Too small for the room that a journal is given ahead, so that it has none.
const SMALL: &str = "size=48k,mode=700";

/// What cannot be taken back without a trace, and what announces it.
const ANNOUNCED: [(&str, &str); 3] =
    [("CreateAccessKey", "create_intent"), ("UpdateAccessKey", "deactivate_intent"), ("DeleteAccessKey", "delete_intent")];

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A place on a small disk that is full from the first call of `operation` on, and what fills it.
fn filled_by(small: &Small, operation: &'static str) -> (Place, PathBuf) {
    let filler = small.0.join("fill");
    let path = filler.clone();
    let castle = Castle::with_ada().after(operation, move |_| {
        let _full = std::fs::write(path, vec![0; 1 << 20]);
    });
    let place = Place { folder: tempfile::tempdir_in(&small.0).unwrap(), ..Place::new(castle) };
    (place, filler)
}

/// Starts with a name in the journal that is so long, so that its last page is full at another fact.
async fn start(place: &mut Place, padding: usize) -> Rotation {
    let store = StoreChoice::Keyring { profile: "a".repeat(padding) };
    let requests = vec![bartizan::domain::rotation::Request { store, ..request() }];
    place.command(Command::Start { requests, at_once: 1 }).await
}

/// Which of the three were called: each announced, and no key made twice. The other two may be sent again, which changes nothing.
fn changes(place: &Place, row: &Rotation) -> [bool; 3] {
    let text = std::fs::read_to_string(journal::file_of(place.folder.path(), &row.id)).unwrap();
    assert!(place.castle.state().creates <= 1, "{text}");
    ANNOUNCED.map(|(operation, intent)| {
        let is_called = place.castle.state().calls.iter().any(|call| call == operation);
        assert!(!is_called || text.contains(&format!("\"{intent}\"")), "{operation} was not announced: {text}");
        is_called
    })
}

fn is_blocked(row: &Rotation) -> bool {
    let Wait::Operator { need, choices } = &row.wait else { return false };
    need.contains("nothing more is done until the journal can be written")
        && need.contains("No space left on device")
        && choices.contains(&Choice::Continue)
}

#[test]
fn what_a_full_disk_keeps_out_of_the_journal_is_not_done_and_resume_goes_on() {
    let mut blocked_after = BTreeSet::new();
    for (nth, padding) in (0..4096).step_by(96).enumerate() {
        let Some(small) = Small::mount(SMALL) else { return };
        let (mut place, filler) = filled_by(&small, "CreateAccessKey");
        let process = runtime();
        let row = process.block_on(start(&mut place, padding));
        if row.phase == Phase::Done {
            // The rest found room in the last page.
            continue;
        }
        assert!(is_blocked(&row), "{padding}: {row:?}");
        let before = changes(&place, &row);
        let row = process.block_on(place.answer(&row.id, Choice::Continue));
        assert!(is_blocked(&row), "{padding}: the disk is full still: {row:?}");
        assert_eq!(changes(&place, &row), before, "{padding}: done and not written down");
        blocked_after.insert(before);

        std::fs::remove_file(filler).unwrap();
        let row = if nth % 2 == 0 {
            process.block_on(place.answer(&row.id, Choice::Continue))
        } else {
            // The process ends, and the next one takes it up.
            drop(process);
            place.forget();
            runtime().block_on(place.command(Command::Resume { id: None }))
        };
        assert_eq!((row.phase, &row.wait), (Phase::Done, &Wait::Ended), "{padding}: {row:?}");
        assert_eq!(changes(&place, &row), [true; 3], "{padding}");
        runtime().block_on(place.assert_nothing_lost());
    }
    let wanted = BTreeSet::from([[true, false, false], [true, true, false], [true; 3]]);
    assert_eq!(blocked_after, wanted, "not every call was kept waiting");
}

#[test]
fn a_disk_that_is_full_before_the_first_fact_leaves_nothing_behind() {
    let Some(small) = Small::mount(SMALL) else { return };
    let (mut place, filler) = filled_by(&small, "GetUser");
    let process = runtime();
    let row = process.block_on(start(&mut place, 3));
    assert_eq!((row.phase, &row.wait), (Phase::Aborted, &Wait::Ended), "{row:?}");
    let words = row.fault.map(|fault| fault.message.raw().to_owned()).unwrap_or_default();
    assert!(words.contains("No space left on device"), "{words}");
    assert_eq!(place.castle.state().creates, 0);
    std::fs::remove_file(filler).unwrap();
    drop(process);
    place.forget();
    let process = runtime();
    process.block_on(async {
        let nothing_to_resume = place.desk().command(approved(Command::Resume { id: None })).await;
        assert_eq!(nothing_to_resume, Ok(()));
        let row = start(&mut place, 3).await;
        assert_eq!((row.phase, &row.wait), (Phase::Done, &Wait::Ended), "{row:?}");
        place.assert_nothing_lost().await;
    });
}
