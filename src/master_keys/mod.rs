//! The master keys at start: read or made, and proved against the check word of each key that was ever in use.

mod store;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};

use crate::config::{Settings, read_key_file};
use crate::db::{Db, DbError};
use crate::secret::{Place, Sealer};

const CHECK_WORD: &str = "postrider";

fn place(kid: &str) -> Place<'_> {
    Place { table: "master_keys", row: kid, column: "sealed" }
}

/// Reads the keys and proves that they open what is stored. A key is made only where no key was ever in use, since
/// a new one would open nothing of what another sealed.
///
/// # Errors
/// A sentence that names the ids of the keys that are missing or wrong, never a key.
pub fn unlock(settings: &Settings, db: &Db) -> anyhow::Result<Sealer> {
    let known = db.read_now::<_, DbError>(store::list)?;
    let path = settings.data_dir.join("master.keys");
    let (text, made) = match &settings.master_keys {
        Some(keys) => (keys.clone(), None),
        None if path.exists() => (read_key_file(&path).map_err(anyhow::Error::msg)?, None),
        None if known.is_empty() => (make(&path)?, Some(path)),
        None => bail!(
            "the master key{} {} of this database {} not given: set MASTER_KEYS or MASTER_KEYS_FILE, or put the file back as {}",
            if known.len() == 1 { "" } else { "s" },
            ids(known.iter().map(|(kid, _)| kid.as_str())),
            if known.len() == 1 { "is" } else { "are" },
            path.display()
        ),
    };
    let sealer = Sealer::parse(text.expose_secret())?;
    prove(&sealer, &known)?;
    if !known.iter().any(|(kid, _)| kid == sealer.first_kid()) {
        remember(&sealer, db).inspect_err(|_| remove(made.as_deref()))?;
    }
    Ok(sealer)
}

/// Opens the check word of every key that was ever in use.
fn prove(sealer: &Sealer, known: &[(String, String)]) -> anyhow::Result<()> {
    let given: Vec<&str> = sealer.kids().collect();
    let missing: Vec<&str> = known.iter().map(|(kid, _)| kid.as_str()).filter(|kid| !given.contains(kid)).collect();
    let opens =
        |kid: &str, sealed: &str| sealer.open(place(kid), sealed).is_ok_and(|word| word.expose_secret() == CHECK_WORD);
    let wrong: Vec<&str> = known
        .iter()
        .filter(|(kid, sealed)| given.contains(&kid.as_str()) && !opens(kid, sealed))
        .map(|(kid, _)| kid.as_str())
        .collect();
    match (missing.is_empty(), wrong.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => bail!(
            "a master key is missing: this database needs {}, given: {}",
            ids(known.iter().map(|(kid, _)| kid.as_str())),
            ids(given.into_iter())
        ),
        (true, false) => bail!(
            "a master key is wrong: what is given as {} is not the key that sealed this database",
            ids(wrong.into_iter())
        ),
    }
}

fn ids<'a>(kids: impl Iterator<Item = &'a str>) -> String {
    kids.collect::<Vec<_>>().join(", ")
}

/// Keeps the check word of a key that is used for the first time.
fn remember(sealer: &Sealer, db: &Db) -> anyhow::Result<()> {
    let kid = sealer.first_kid().to_owned();
    let sealed = sealer.seal(place(&kid), &SecretString::from(CHECK_WORD))?;
    let kept = db.write_now::<_, DbError, _>(move |tx| {
        let now = tx.now();
        store::insert(tx, &kid, &sealed, now)
    });
    match kept {
        Err(DbError::Taken(_)) => {
            bail!(
                "another node set up this database at the same moment: give this node the same master keys and start again"
            )
        }
        kept => Ok(kept?),
    }
}

fn make(path: &Path) -> anyhow::Result<SecretString> {
    let text = Sealer::generate();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make the file of the master key {}", path.display()))?;
    writeln!(file, "{}", text.expose_secret())?;
    // The key must outlive a power cut that the rows sealed with it outlive.
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    tracing::info!(path = %path.display(), "made a master key: keep a copy of the file apart from the database's backups");
    Ok(text)
}

fn remove(made: Option<&Path>) {
    if let Some(path) = made
        && let Err(error) = std::fs::remove_file(path)
    {
        tracing::warn!(path = %path.display(), error = %error, "a master key that was not used could not be removed");
    }
}
