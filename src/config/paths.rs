//! Where files are: the XDG folders, on Linux and on macOS alike.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

/// The folder of `config.toml`, `keymap.toml` and `themes/`: `BARTIZAN_CONFIG_DIR`, or `bartizan` below `XDG_CONFIG_HOME` or `~/.config`.
#[expect(clippy::disallowed_methods, reason = "the edge at which the environment is read")]
pub fn config_dir() -> Option<PathBuf> {
    match std::env::var_os("BARTIZAN_CONFIG_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => etcetera::base_strategy::Xdg::new().ok().map(|xdg| xdg.config_dir().join("bartizan")),
    }
}

/// `config.toml` in the configuration folder, whether or not it exists.
pub fn config_file() -> Option<PathBuf> {
    config_dir().map(|folder| folder.join("config.toml"))
}

/// `keymap.toml` in the configuration folder, whether or not it exists.
pub fn keymap_file() -> Option<PathBuf> {
    config_dir().map(|folder| folder.join("keymap.toml"))
}

/// The folder of the user's own themes, whether or not it exists.
pub fn themes_dir() -> Option<PathBuf> {
    config_dir().map(|folder| folder.join("themes"))
}

/// The folder of what the program itself keeps: `BARTIZAN_STATE_DIR`, or `bartizan` below `XDG_STATE_HOME` or `~/.local/state`.
#[expect(clippy::disallowed_methods, reason = "the edge at which the environment is read")]
pub fn state_dir() -> Option<PathBuf> {
    match std::env::var_os("BARTIZAN_STATE_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => etcetera::base_strategy::Xdg::new().ok()?.state_dir().map(|folder| folder.join("bartizan")),
    }
}

/// The folder of recordings of shells.
pub fn recordings_dir() -> Option<PathBuf> {
    state_dir().map(|folder| folder.join("recordings"))
}

/// The credentials file that all AWS tools share: `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`.
pub fn shared_credentials_file() -> Option<PathBuf> {
    shared_file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
}

/// The configuration file that all AWS tools share: `AWS_CONFIG_FILE`, or `~/.aws/config`.
pub fn shared_config_file() -> Option<PathBuf> {
    shared_file("AWS_CONFIG_FILE", "config")
}

#[expect(clippy::disallowed_methods, reason = "the edge at which the environment is read")]
fn shared_file(variable: &str, name: &str) -> Option<PathBuf> {
    let home = etcetera::home_dir().ok();
    let Some(set) = std::env::var_os(variable).filter(|path| !path.is_empty()) else {
        return home.map(|home| home.join(".aws").join(name));
    };
    let set = PathBuf::from(set);
    match (set.strip_prefix("~"), home) {
        (Ok(below), Some(home)) => Some(home.join(below)),
        _ => Some(set),
    }
}
