//! The encrypted file is one that the `age` program opens.

use std::path::Path;

use bartizan::rotation::stores::{EncryptedFile, KeyPair, Owner, Passphrase, Store as _};

use crate::harness::Start;
use crate::needs::left_out;

const AGE: &str = "/usr/bin/age";

#[tokio::test]
async fn the_age_program_opens_what_we_wrote() {
    if !Path::new(AGE).exists() {
        return left_out("the age program is not here (Debian: apt-get install age)");
    }
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("keys.age");
    let passphrase = Passphrase::new(Box::new(|_| Ok("correct horse".to_owned().into())));
    let owner = Owner { account: "123456789012".to_owned(), user: "ada".to_owned() };
    // Less work than in earnest: this is about the format.
    let store = EncryptedFile::with_work(&path, &owner, passphrase, 10);
    store.put_pending(&KeyPair::new("AKIAOLD", "old-secret".to_owned().into())).await.unwrap();
    store.promote("AKIAOLD", None).await.unwrap();
    store.put_pending(&KeyPair::new("AKIANEW", "new-secret".to_owned().into())).await.unwrap();
    let out = home.path().join("plain");
    let (file, plain) = (path.display().to_string(), out.display().to_string());
    let arguments = ["--decrypt", "--output", &plain, &file];
    let mut age = Start { program: AGE, ..Start::new(home.path(), &arguments) }.run();
    age.until("passphrase").keys("correct horse\r");
    assert_eq!(age.ended(), 0, "{}", age.text());
    let text = std::fs::read_to_string(&out).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let wanted = serde_json::json!({
        "Version": 1,
        "Users": {"123456789012/ada": {"Current": "AKIAOLD", "Keys": {"AKIAOLD": "old-secret", "AKIANEW": "new-secret"}}},
    });
    assert_eq!(document, wanted);
}
