//! Who this process is: an id that survives a restart, so that it can take up at once what it left behind.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustix::fs::{FlockOperation, flock};

use super::NodeId;
use crate::db::{DatabaseUrl, DbError, Hold};
use crate::ids::Ids;

/// This process's id; as long as it lives no other process can have the same.
#[derive(Clone)]
pub struct Node {
    id: NodeId,
    _lock: Arc<Option<File>>,
    hold: Arc<Hold>,
}

impl Node {
    /// The id kept in the data folder, locked there and on the database; a fresh one where another process of the same
    /// folder has it, or a process that was given a copy of the folder.
    ///
    /// # Errors
    /// When the folder cannot be written, or the database not asked.
    pub fn identify(data_dir: &Path, ids: &Ids, database: &DatabaseUrl) -> anyhow::Result<Self> {
        std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make the folder {}", data_dir.display()))?;
        let path = data_dir.join("node");
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let id: NodeId = ids.make();
            let hold = hold(database, id)?.context("another process has the node id that was made just now")?;
            return Ok(Self { id, _lock: Arc::new(None), hold: Arc::new(hold) });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
        if let Some(id) = NodeId::parse(text.trim()) {
            if let Some(hold) = hold(database, id)? {
                return Ok(Self { id, _lock: Arc::new(Some(file)), hold: Arc::new(hold) });
            }
            tracing::warn!(node = %id, file = %path.display(), "a running process has this node id: this one takes another");
        }
        let id: NodeId = ids.make();
        let hold = hold(database, id)?.context("another process has the node id that was made just now")?;
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{id}")?;
        Ok(Self { id, _lock: Arc::new(Some(file)), hold: Arc::new(hold) })
    }

    /// Makes sure that no other process has this id by now: the server may have restarted and lost who had it.
    ///
    /// # Errors
    /// When the database cannot be asked, or another process has the id.
    pub(super) fn check(&self) -> Result<(), DbError> {
        if self.hold.is_kept()? {
            return Ok(());
        }
        let id = self.id;
        Err(DbError::Interrupted(format!(
            "another process has the node id {id} by now; restart this one, and it takes another"
        )))
    }

    /// The id.
    pub fn id(&self) -> NodeId {
        self.id
    }
}

fn hold(database: &DatabaseUrl, id: NodeId) -> Result<Option<Hold>, DbError> {
    Hold::take(database, id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_keeps_the_id_and_a_second_process_gets_another() {
        let folder = std::env::temp_dir().join(format!("postrider-node-{}", std::process::id()));
        let ids = Ids::random();
        let database = DatabaseUrl::Sqlite(folder.join("unused.db"));
        let first = Node::identify(&folder, &ids, &database).unwrap();
        let second = Node::identify(&folder, &ids, &database).unwrap();
        assert_ne!(first.id(), second.id());
        let id = first.id();
        drop(first);
        assert_eq!(Node::identify(&folder, &ids, &database).unwrap().id(), id);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
