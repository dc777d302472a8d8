//! Every place known here that holds a key which is about to be retired, but for the one that gets the new key.

use std::path::Path;

use super::desk::Environment;
use super::journal::Journal;
use crate::domain::rotation::StoreChoice;
use crate::domain::text::clean;

/// One text for each place: sections of the AWS files, and the stores into which rotations of this user have put the key.
pub(super) async fn of(environment: &Environment, account: &str, user: &str, key: &str, store: &StoreChoice) -> Vec<String> {
    let mut places = environment.stores.copies(key, store).await;
    let (folder, wanted) = (environment.folder.clone(), [account, user, key].map(str::to_owned));
    let target = store.clone();
    let told = tokio::task::spawn_blocking(move || by_journals(&folder, &wanted, &target)).await;
    places.extend(told.unwrap_or_default());
    places
}

/// A note for the plan: `place` as [`of`] has it.
pub(super) fn note(key: &str, place: &str) -> String {
    format!("{key} stands in {place}, too, and stays there: what reads it there stops working once the key is inactive")
}

/// The stores that rotations have filled, as their journals tell. No store is opened: that may ask for a passphrase.
fn by_journals(folder: &Path, [account, user, key]: &[String; 3], target: &StoreChoice) -> Vec<String> {
    let books = Journal::of_user(folder, user).into_iter().filter_map(|path| Journal::read(&path).ok());
    let mut places: Vec<String> = Vec::new();
    for book in books {
        let planned = &book.planned;
        let is_it = planned.account == *account && planned.user == *user && book.new_key.as_ref() == Some(key);
        // The sections of the AWS files are looked at themselves.
        let is_elsewhere = planned.store != *target && !matches!(planned.store, StoreChoice::Credentials { .. });
        if is_it && is_elsewhere && !book.is_rolled_back {
            let place = clean(&planned.store.to_string()).into_owned();
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}
