//! The database's address: `sqlite:FILE` or `postgres://…`, and the lock on an embedded file.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// A server; the text may hold a password and is never shown.
    Postgres(String),
}

/// Shows what kind it is, never a password.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

impl DatabaseUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// A sentence for the person who wrote it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match url::Url::parse(text) {
                Ok(_) => Ok(Self::Postgres(text.to_owned())),
                Err(_) => Err("the PostgreSQL address is not a URL: write postgres://user@host/database".to_owned()),
            };
        }
        match text.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path.trim_start_matches("//")))),
            _ => Err("a database address starts with sqlite: or postgres://".to_owned()),
        }
    }

    /// The kind and place, without a password.
    pub fn describe(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(text) => match url::Url::parse(text) {
                Ok(url) => format!(
                    "postgres://{}{}",
                    url.host_str().filter(|host| !host.is_empty()).unwrap_or("(socket)"),
                    url.path()
                ),
                Err(_) => "postgres".to_owned(),
            },
        }
    }

    /// Makes the folder of the embedded file.
    pub(super) fn make_folder(&self) -> anyhow::Result<()> {
        let Self::Sqlite(path) = self else { return Ok(()) };
        let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
    }

    /// Takes the embedded file for this process; nothing to take on a server.
    pub(super) fn lock(&self) -> anyhow::Result<Option<File>> {
        match self {
            Self::Sqlite(path) => {
                self.make_folder()?;
                lock_file(path).map(Some)
            }
            Self::Postgres(_) => Ok(None),
        }
    }
}

fn lock_file(path: &Path) -> anyhow::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&name)
        .with_context(|| format!("cannot open the lock file {}", Path::new(&name).display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut owner = String::new();
        file.read_to_string(&mut owner).ok();
        bail!("the database {} is already in use by process {}", path.display(), owner.trim());
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}
