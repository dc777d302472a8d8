//! A thousand kills in the middle of a rewrite.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bartizan::rotation::stores::Store as _;

use super::corpus::{FILES, with};
use super::{NEW, OLD, helped, helper, names, pair, prod, read};

/// How often the writer is killed.
const KILLS: usize = 1000;

/// Rotates to and fro for ever.
#[tokio::test]
#[ignore = "a process that tests start"]
async fn helper_rotates_for_ever() {
    let path = helped();
    let store = prod(&path);
    println!("BEGUN");
    loop {
        let now = store.current().await.unwrap().unwrap();
        let (new, old) = if now == OLD.0 { (NEW, OLD) } else { (OLD, NEW) };
        store.put_pending(&pair(new)).await.unwrap();
        store.promote(new.0, Some(old.0)).await.unwrap();
        store.forget(old.0).await.unwrap();
    }
}

/// One of the contents that a rotation passes through, and nothing else.
fn is_whole(text: &str, template: &str) -> bool {
    [OLD, NEW].into_iter().any(|served| {
        let parked = if served == OLD { NEW } else { OLD };
        let base = with(served, template);
        let park = format!(
            "[bartizan.{}]\n# kept by bartizan while a rotation runs\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            parked.0, parked.0, parked.1
        );
        text == base || text == base + &park
    })
}

fn kill_writers(folder: &Path, template: &str, kills: usize, seed: u64) -> [usize; 2] {
    let path = folder.join("credentials");
    std::fs::write(&path, with(OLD, template)).unwrap();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut left_beside = 0;
    let mut changes = 0;
    for kill in 0..kills {
        let before = std::fs::metadata(&path).unwrap().ino();
        let mut writer = helper("stores::kills::helper_rotates_for_ever", &path, &["env"]);
        let mut writer = writer.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("BEGUN")), "the writer did not begin");
        // A moment inside the first rewrites: this picks the moment, nothing is waited for.
        let until = Instant::now() + Duration::from_micros(random.u64(0..12_000));
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(is_whole(&text, template), "kill {kill} left:\n{text}");
        left_beside += usize::from(names(folder).len() > 1);
        changes += usize::from(std::fs::metadata(&path).unwrap().ino() != before);
    }
    [left_beside, changes]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_is_whole_after_a_thousand_kills() {
    let begun = Instant::now();
    let template = FILES[0].1;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let halves: Vec<_> = folders
        .iter()
        .enumerate()
        .map(|(half, folder)| {
            let folder = folder.path().to_owned();
            tokio::task::spawn_blocking(move || kill_writers(&folder, template, KILLS / 2, half as u64))
        })
        .collect();
    let mut sum = [0; 2];
    for half in halves {
        let counts = half.await.unwrap();
        sum = [sum[0] + counts[0], sum[1] + counts[1]];
    }
    println!("{KILLS} kills in {:?}: {} left something beside the file, {} had replaced it", begun.elapsed(), sum[0], sum[1]);
    assert!(sum[0] > 0, "no kill hit the middle of a rewrite: the test proves nothing");
    for folder in &folders {
        let path = folder.path().join("credentials");
        let store = prod(&path);
        store.probe().await.unwrap();
        assert_eq!(names(folder.path()), ["credentials"], "what killed writers left is removed");
        let now = store.current().await.unwrap().unwrap();
        let wanted = if now == OLD.0 { OLD.1 } else { NEW.1 };
        assert_eq!(read(&store, &now).await.as_deref(), Some(wanted));
    }
}
