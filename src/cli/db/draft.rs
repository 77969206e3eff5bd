//! A file that is whole or not there.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::failure::Failure;

const PARTIAL: &str = ".partial";

/// Dropped before it is kept, it leaves nothing behind.
pub enum Draft {
    Screen,
    File { partial: NamedTempFile, place: PathBuf, force: bool },
}

impl Draft {
    /// For what nobody wants on a terminal.
    pub fn of_bytes(place: &Path, force: bool) -> Result<Self, Failure> {
        if place == Path::new("-") && std::io::stdout().is_terminal() {
            return Err(Failure::usage("a backup is nothing for a terminal: redirect standard output, or name a file"));
        }
        Self::open(place, force)
    }

    /// `-` is standard output.
    pub fn open(place: &Path, force: bool) -> Result<Self, Failure> {
        if place == Path::new("-") {
            return Ok(Self::Screen);
        }
        let name = place.file_name().ok_or_else(|| Failure::usage(format!("{} is no name of a file", place.display())))?;
        if place.exists() && !force {
            return Err(exists(place));
        }
        let partial = Builder::new().prefix(name).suffix(PARTIAL).rand_bytes(0).tempfile_in(folder(place));
        let partial = partial.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::other(format!(
                "{}{PARTIAL} is there already: another process writes it, or left it; delete it if none does",
                place.display()
            )),
            _ => Failure::other(format!("{} cannot be written: {error}", place.display())),
        })?;
        Ok(Self::File { partial, place: place.to_owned(), force })
    }

    pub fn writer(&self) -> Result<Box<dyn Write + Send>, Failure> {
        match self {
            Self::Screen => Ok(Box::new(std::io::stdout())),
            Self::File { partial, .. } => Ok(Box::new(partial.as_file().try_clone()?)),
        }
    }

    #[must_use]
    pub const fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Puts the file in its place, on the disk to stay.
    pub fn keep(self) -> Result<(), Failure> {
        let Self::File { partial, place, force } = self else { return Ok(()) };
        partial.as_file().sync_all()?;
        let kept = if force { partial.persist(&place) } else { partial.persist_noclobber(&place) };
        kept.map_err(|failed| match failed.error.kind() {
            ErrorKind::AlreadyExists => exists(&place),
            _ => Failure::other(format!("{} cannot be written: {}", place.display(), failed.error)),
        })?;
        File::open(folder(&place))?.sync_all()?;
        Ok(())
    }
}

fn exists(place: &Path) -> Failure {
    Failure::other(format!("{} is there already: add --force to replace it", place.display()))
}

fn folder(place: &Path) -> &Path {
    place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(draft: &Draft, text: &str) {
        draft.writer().expect("a writer").write_all(text.as_bytes()).expect("written");
    }

    #[test]
    fn a_file_is_there_when_it_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("calls.gz");

        let draft = Draft::open(&place, false).expect("a draft");
        write(&draft, "all");
        assert!(!place.exists() && folder.path().join("calls.gz.partial").exists());
        draft.keep().expect("kept");

        assert_eq!(std::fs::read_to_string(&place).expect("read"), "all");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn one_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");

        write(&Draft::open(&folder.path().join("calls.gz"), false).expect("a draft"), "half");

        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 0);
    }

    #[test]
    fn a_file_is_replaced_by_force_alone_also_if_it_came_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("calls.gz");
        let draft = Draft::open(&place, false).expect("a draft");
        std::fs::write(&place, "old").expect("written");

        assert!(Draft::open(&place, false).is_err());
        assert!(draft.keep().is_err());
        assert_eq!(std::fs::read_to_string(&place).expect("read"), "old");
        let draft = Draft::open(&place, true).expect("a draft");
        write(&draft, "new");
        draft.keep().expect("kept");

        assert_eq!(std::fs::read_to_string(&place).expect("read"), "new");
    }
}
