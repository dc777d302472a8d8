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
