//! What the decoders' tests share.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;

/// Any JSON of moderate size.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-zA-Z.]{0,12}", inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// The real records beside the project, or none with a message.
#[expect(clippy::disallowed_methods, reason = "tests read the real records")]
pub(crate) fn data_files(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    let Ok(folders) = std::fs::read_dir(&root) else {
        println!("left out: {} is not here", root.display());
        return Vec::new();
    };
    let files = folders.flatten().flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten());
    let wanted = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|found| found == extension));
    wanted.map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap())).collect()
}
