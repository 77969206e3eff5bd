//! Files of a folder that processes share: each holds one of its own, and finds those whose process is dead.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// Processes that may share a folder.
const MOST: usize = 64;

/// The right to one spool file; given back by dropping it, or by dying.
#[derive(Debug)]
pub(super) struct Claim {
    folder: PathBuf,
    number: usize,
    _lock: File,
}

/// The first file that nobody holds, and all further ones that exist and are held by nobody.
pub(super) fn claim(folder: &Path) -> Result<(Claim, Vec<Claim>), StoreError> {
    let unusable = |cause: &dyn std::fmt::Display| StoreError::unavailable(format!("spool folder {}: {cause}", folder.display()));
    std::fs::create_dir_all(folder).map_err(|cause| unusable(&cause))?;
    let mut free = Vec::new();
    for number in 0..MOST {
        if !(free.is_empty() || file(folder, number).exists()) {
            continue;
        }
        free.extend(try_claim(folder, number).map_err(|cause| unusable(&cause))?);
    }
    let mut free = free.into_iter();
    let own = free.next().ok_or_else(|| unusable(&"every file is held by another process"))?;
    Ok((own, free.collect()))
}

fn try_claim(folder: &Path, number: usize) -> std::io::Result<Option<Claim>> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(format!("spool-{number}.lock")))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(Claim { folder: folder.to_owned(), number, _lock: lock })),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

fn file(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("spool-{number}.db"))
}

impl Claim {
    pub(super) fn file(&self) -> PathBuf {
        file(&self.folder, self.number)
    }

    /// The file is empty and nobody's: it may go.
    pub(super) fn discard(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.file().into_os_string();
            path.push(suffix);
            // One that is not there need not be taken away.
            let _ = std::fs::remove_file(path);
        }
    }
}
