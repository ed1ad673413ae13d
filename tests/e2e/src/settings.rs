//! The variables that say where the program, the browser and the checker are.
#![expect(clippy::disallowed_methods, reason = "the one file of the browser tests that reads the environment")]

use std::{env, path::PathBuf};

/// A variable as a path, where it is set.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from)
}

/// A program in the folders that the system looks in.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}
