//! Credentials files as people, tools and accidents make them. `ID` and `SECRET` stand for the values of section `prod`.

macro_rules! files {
    ($($name:literal $sdk:literal),* $(,)?) => { &[$(($name, include_str!(concat!("corpus/", $name)), $sdk)),*] };
}

/// Name, content, whether the SDK for Rust reads it as well (botocore and it differ in what they refuse).
pub(crate) const FILES: &[(&str, &str, bool)] = files![
    "plain" true,
    "without-a-last-line-end" true,
    "lines-of-Windows" true,
    "lines-of-both-kinds" true,
    "no-blanks" true,
    "many-blanks" true,
    "the-other-order" true,
    "big-letters" true,
    "comments-all-over" true,
    "a-comment-behind-a-value" true,
    "blank-lines" true,
    "other-sections-around" true,
    "the-same-key-in-another-section" true,
    "names-that-begin-alike" true,
    "two-sections-of-one-name" true,
    "the-pair-in-two-sections-of-one-name" true,
    "another-section-twice" true,
    "letters-of-the-world" true,
    "blanks-in-brackets" true,
    "sub-properties" false,
    "a-byte-order-mark" false,
    "all-pushed-in" false,
    "colons" false,
    "words-behind-the-bracket" false,
    "a-long-tail" true,
];

/// Name, content, a word of what is said. None of these may be changed.
pub(crate) const REFUSED: &[(&str, &str, &str)] = &[
    ("no such section", "[other]\nx = 1\n", "no such section"),
    ("empty", "", "no such section"),
    (
        "a token",
        "[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\naws_session_token = FwoG\n",
        "aws_session_token",
    ),
    ("a role", "[prod]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n", "role_arn"),
    ("SSO", "[prod]\nsso_session = corp\n", "sso_session"),
    ("a program", "[prod]\ncredential_process = /bin/x\n", "credential_process"),
    (
        "the id twice",
        "[prod]\naws_access_key_id = ID\naws_access_key_id = ID2\naws_secret_access_key = SECRET\n",
        "more than once",
    ),
    (
        "the secret in two sections",
        "[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n[prod]\naws_secret_access_key = X\n",
        "more than once",
    ),
    ("a value of two lines", "[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n  more\n", "several lines"),
    ("no bracket", "[prod\naws_access_key_id = ID\n", "line 1 begins a section"),
    ("rubbish", "[prod]\naws_access_key_id = ID\naws_secret_access_key\n", "line 3 has no ="),
    ("before any section", "aws_access_key_id = ID\n", "line 1 is neither"),
    ("lines of an old Mac", "[prod]\raws_access_key_id = ID\raws_secret_access_key = SECRET\r", "carriage return"),
    ("two bytes a letter", "[\0p\0r\0o\0d\0]\0", "zero byte"),
];

/// A file with its pair put in.
pub(crate) fn with((id, secret): (&str, &str), text: &str) -> String {
    text.replace("SECRET2", "the-other-secret")
        .replace("ID2", "AKIAOTHER")
        .replace("= ID", &format!("= {id}"))
        .replace("=ID", &format!("={id}"))
        .replace(": ID", &format!(": {id}"))
        .replace("\tID", &format!("\t{id}"))
        .replace("SECRET", secret)
}
