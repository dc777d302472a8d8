//! Credentials files as people, tools and accidents make them. `ID` and `SECRET` stand for the values of section `prod`.

/// Name, content, whether the SDK for Rust reads it as well (botocore and it differ in what they refuse).
pub(crate) const FILES: &[(&str, &str, bool)] = &[
    ("plain", "[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n", true),
    ("without a last line end", "[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET", true),
    (
        "lines of Windows",
        "[default]\r\nregion = x\r\n\r\n[prod]\r\naws_access_key_id = ID\r\naws_secret_access_key = SECRET\r\n",
        true,
    ),
    ("lines of both kinds", "[prod]\r\naws_access_key_id = ID\naws_secret_access_key = SECRET\r\n[other]\nx = 1\r\n", true),
    ("no blanks", "[prod]\naws_access_key_id=ID\naws_secret_access_key=SECRET\n", true),
    ("many blanks", "[prod]\naws_access_key_id   =\t \tID  \t\naws_secret_access_key\t=   SECRET   \n", true),
    ("the other order", "[prod]\naws_secret_access_key = SECRET\nregion = eu-west-1\naws_access_key_id = ID\n", true),
    ("big letters", "[prod]\nAWS_ACCESS_KEY_ID = ID\nAws_Secret_Access_Key = SECRET\n", true),
    (
        "comments all over",
        "# top\n; also\n[prod] # mine\n# before\naws_access_key_id = ID\n#aws_access_key_id = AKIACOMMENTEDOUT\n;x\naws_secret_access_key = SECRET\n# end",
        true,
    ),
    (
        "a comment behind a value",
        "[prod]\naws_access_key_id = ID # since May\naws_secret_access_key = SECRET ; do not share\n",
        true,
    ),
    ("blank lines", "\n\n\n[prod]\n\n\naws_access_key_id = ID\n\n   \n\naws_secret_access_key = SECRET\n\n\n\n", true),
    (
        "other sections around",
        "[a]\naws_access_key_id = AKIAA\naws_secret_access_key = sa\n[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n[z]\naws_access_key_id = AKIAZ\naws_secret_access_key = sz\n",
        true,
    ),
    (
        "the same key in another section",
        "[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n[copy]\naws_access_key_id = ID2\naws_secret_access_key = SECRET2\n",
        true,
    ),
    (
        "names that begin alike",
        "[production]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n[pro]\naws_access_key_id = AKIAY\naws_secret_access_key = y\n[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n",
        true,
    ),
    (
        "two sections of one name",
        "[prod]\nregion = x\n[other]\ny = 1\n[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n",
        true,
    ),
    (
        "the pair in two sections of one name",
        "[prod]\naws_access_key_id = ID\n[other]\ny = 1\n[prod]\naws_secret_access_key = SECRET\n",
        true,
    ),
    ("another section twice", "[x]\na = 1\n[x]\na = 2\n[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n", true),
    (
        "letters of the world",
        "# ключи Ады 🔑\n[prod]\naws_access_key_id = ID\nnote = straße 東京\naws_secret_access_key = SECRET\n",
        true,
    ),
    ("blanks in brackets", "[ prod ]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n", true),
    (
        "sub-properties",
        "[prod]\ns3 =\n  max_concurrent_requests = 20\n  # in it\n  x = y\naws_access_key_id = ID\naws_secret_access_key = SECRET\nlong = 1\n  2\n",
        false,
    ),
    ("a byte order mark", "\u{feff}[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n", false),
    ("all pushed in", "  [prod]\n  aws_access_key_id = ID\n  aws_secret_access_key = SECRET\n  [z]\n  x = 1\n", false),
    ("colons", "[prod]\naws_access_key_id: ID\naws_secret_access_key : SECRET\n", false),
    ("words behind the bracket", "[prod] mine\naws_access_key_id = ID\naws_secret_access_key = SECRET\n", false),
    (
        "a long tail",
        "[prod]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n[tail]\nx = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n# \\",
        true,
    ),
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
