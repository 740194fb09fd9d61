//! The workspace as the shell knows file systems.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bashkit::{DirEntry, FileSystem, FileSystemExt, FileType, Metadata, Result, async_trait};
use rustix::io::Errno;

use crate::dir::{Dir, Facts, Kind};

/// A file system over the held directory. No call waits for anything but the disk.
#[derive(Debug)]
pub(crate) struct Mount(pub(crate) Dir);

fn metadata(facts: &Facts) -> Metadata {
    let file_type = match facts.kind {
        Kind::File => FileType::File,
        Kind::Directory => FileType::Directory,
        Kind::Link => FileType::Symlink,
        Kind::Other => FileType::Fifo,
    };
    let Facts { size, mode, modified, .. } = *facts;
    Metadata { file_type, size, mode, modified, created: modified }
}

impl FileSystemExt for Mount {
    fn backend_kind(&self) -> &'static str {
        "workspace"
    }
}

#[async_trait]
impl FileSystem for Mount {
    async fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        self.0.read(path).map_err(plain)
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.0.write(path, content).map_err(plain)
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.0.append(path, content).map_err(plain)
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        self.0.make_directory(path, recursive).map_err(plain)
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        self.0.remove(path, recursive).map_err(plain)
    }

    /// The shell follows links itself and asks for each of them.
    async fn stat(&self, path: &Path) -> Result<Metadata> {
        Ok(metadata(&self.0.stat(path).map_err(plain)?))
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let listed = self.0.list(path).map_err(plain)?;
        let entry = |(name, facts)| DirEntry { name, metadata: metadata(&facts) };
        Ok(listed.into_iter().map(entry).collect())
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        match self.0.stat(path) {
            Ok(_) => Ok(true),
            Err(error) if is_absence(&error) => Ok(false),
            Err(error) => Err(plain(error)),
        }
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.0.rename(from, to).map_err(plain)
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let mode = self.0.stat(from).map_err(plain)?.mode;
        let is_new = self.0.stat(to).is_err();
        let content = self.0.read(from).map_err(plain)?;
        self.0.write(to, &content).map_err(plain)?;
        // A file that was there keeps its own.
        if is_new {
            self.0.set_mode(to, mode).map_err(plain)?;
        }
        Ok(())
    }

    async fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        self.0.link(target, link).map_err(plain)
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        self.0.read_link(path).map_err(plain)
    }

    async fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        self.0.set_mode(path, mode).map_err(plain)
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        self.0.set_modified(path, time).map_err(plain)
    }
}

/// The system's words alone: with its number behind them, they would read as no other shell's.
#[expect(clippy::needless_pass_by_value, reason = "it takes the place of the error")]
fn plain(error: io::Error) -> bashkit::Error {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text).to_owned();
    io::Error::new(error.kind(), words).into()
}

fn is_absence(error: &io::Error) -> bool {
    let absences = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG];
    absences.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
