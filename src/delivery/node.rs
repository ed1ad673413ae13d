//! Who this process is: an id that survives a restart, so that it can take up at once what it left behind.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustix::fs::{FlockOperation, flock};

use super::NodeId;
use crate::ids::Ids;

/// This process's id; as long as it lives no other process can have the same.
#[derive(Clone)]
pub struct Node {
    id: NodeId,
    _lock: Arc<Option<File>>,
}

impl Node {
    /// The id kept in the data folder, locked; a fresh one where another process of the same folder has it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn identify(data_dir: &Path, ids: &Ids) -> anyhow::Result<Self> {
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
            return Ok(Self { id: ids.make(), _lock: Arc::new(None) });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
        let id = match NodeId::parse(text.trim()) {
            Some(id) => id,
            None => {
                let id: NodeId = ids.make();
                file.set_len(0)?;
                file.rewind()?;
                writeln!(file, "{id}")?;
                id
            }
        };
        Ok(Self { id, _lock: Arc::new(Some(file)) })
    }

    /// The id.
    pub fn id(&self) -> NodeId {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_keeps_the_id_and_a_second_process_gets_another() {
        let folder = std::env::temp_dir().join(format!("postrider-node-{}", std::process::id()));
        let ids = Ids::random();
        let first = Node::identify(&folder, &ids).unwrap();
        let second = Node::identify(&folder, &ids).unwrap();
        assert_ne!(first.id(), second.id());
        let id = first.id();
        drop(first);
        assert_eq!(Node::identify(&folder, &ids).unwrap().id(), id);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
