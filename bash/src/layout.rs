//! What stands where in a script's file system: the workspace at `/`; beside it, where the workspace has
//! nothing of the name, a `/tmp` and `/dev` in memory and a file for each command in `/bin` and
//! `/usr/bin`. What stands beside is used by its path and not listed: a listing shows the workspace.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use bashkit::{
    DirEntry, FileSystem, FileSystemExt, FileType, FsLimits, InMemoryFs, Metadata, Result,
    async_trait,
};
use rustix::io::Errno;

/// The file systems of one scope. Its memory is shared by all scripts that one process runs.
#[derive(Clone)]
pub(crate) struct Layout {
    base: Arc<dyn FileSystem>,
    memory: Arc<InMemoryFs>,
    beside: Arc<RwLock<Beside>>,
    /// What `/bin` and `/usr/bin` show, told once the shell knows its commands.
    commands: Arc<OnceLock<BTreeSet<String>>>,
    born: SystemTime,
}

/// Which of the places beside the workspace are not its own.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each place")]
struct Beside {
    tmp: bool,
    dev: bool,
    bin: bool,
    usr: bool,
}

enum Place {
    Base,
    Memory,
    /// A directory that only leads to commands.
    CommandDirectory(&'static [&'static str]),
    /// `/bin`, `/usr/bin`.
    Commands,
    Command(String),
    /// Below such a directory, where nothing can be.
    Nowhere,
}

/// Bounds of what lies in memory.
pub(crate) fn memory_limits(bytes: u64) -> FsLimits {
    let mut limits = FsLimits::unlimited();
    limits.max_total_bytes = bytes;
    limits.max_file_size = bytes;
    limits.max_file_count = 100_000;
    limits.max_dir_count = 100_000;
    limits
}

/// Memory for `/tmp` and `/dev`.
pub(crate) fn memory(bytes: u64) -> Arc<InMemoryFs> {
    let memory = InMemoryFs::with_limits(memory_limits(bytes));
    memory.add_file("/dev/zero", "", 0o666);
    Arc::new(memory)
}

impl Layout {
    pub(crate) fn over(base: Arc<dyn FileSystem>, memory: Arc<InMemoryFs>) -> Layout {
        let (beside, commands) = (Arc::default(), Arc::default());
        Layout { base, memory, beside, commands, born: SystemTime::now() }
    }

    /// Looks what the workspace has of its own, which it must not lose.
    pub(crate) async fn look(&self) {
        let lacks = async |path: &str| self.base.lstat(Path::new(path)).await.is_err();
        let (tmp, dev) = (lacks("/tmp").await, lacks("/dev").await);
        let beside = Beside { tmp, dev, bin: lacks("/bin").await, usr: lacks("/usr").await };
        *self.beside.write().unwrap_or_else(PoisonError::into_inner) = beside;
    }

    fn beside(&self) -> Beside {
        *self.beside.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names the commands that `/bin` and `/usr/bin` show.
    pub(crate) fn show_commands(&self, names: BTreeSet<String>) {
        // Told once; a second time would be the same names.
        let _ = self.commands.set(names);
    }

    fn place(&self, path: &Path) -> Place {
        let mut names = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(name) => names.push(name),
                Component::ParentDir => drop(names.pop()),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        let names: Vec<&str> = names.iter().map(|name| name.to_str().unwrap_or("")).collect();
        match (names.as_slice(), self.beside()) {
            (["tmp", ..], Beside { tmp: true, .. }) | (["dev", ..], Beside { dev: true, .. }) => {
                Place::Memory
            }
            (["usr"], Beside { usr: true, .. }) => Place::CommandDirectory(&["bin"]),
            (["bin"], Beside { bin: true, .. }) | (["usr", "bin"], Beside { usr: true, .. }) => {
                Place::Commands
            }
            (["bin", name], Beside { bin: true, .. })
            | (["usr", "bin", name], Beside { usr: true, .. })
                if self.commands.get().is_some_and(|commands| commands.contains(*name)) =>
            {
                Place::Command((*name).to_owned())
            }
            (["bin", ..], Beside { bin: true, .. }) | (["usr", ..], Beside { usr: true, .. }) => {
                Place::Nowhere
            }
            _ => Place::Base,
        }
    }

    /// The file system that a path can be changed in.
    fn changeable(&self, path: &Path) -> Result<&dyn FileSystem> {
        match self.place(path) {
            Place::Base => Ok(&*self.base),
            Place::Memory => Ok(&*self.memory),
            _ => Err(fault(Errno::ACCESS)),
        }
    }

    fn directory(&self) -> Metadata {
        self.facts(FileType::Directory, 0)
    }

    fn facts(&self, file_type: FileType, size: usize) -> Metadata {
        let (size, modified) = (size as u64, self.born);
        Metadata { file_type, size, mode: 0o755, modified, created: modified }
    }
}

fn fault(errno: Errno) -> bashkit::Error {
    std::io::Error::from(errno).into()
}

/// What a file in `/bin` holds: the shell takes its first lines for the command itself.
fn stand_in(name: &str) -> String {
    format!("#!/bin/sh\n# bashkit builtin: {name}\nexec {name} \"$@\"\n")
}

impl FileSystemExt for Layout {
    fn backend_kind(&self) -> &'static str {
        "layout"
    }
}

#[async_trait]
impl FileSystem for Layout {
    async fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        match self.place(path) {
            Place::Base => self.base.read_file(path).await,
            Place::Memory => self.memory.read_file(path).await,
            Place::Command(name) => Ok(stand_in(&name).into_bytes()),
            Place::CommandDirectory(_) | Place::Commands => Err(fault(Errno::ISDIR)),
            Place::Nowhere => Err(fault(Errno::NOENT)),
        }
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.changeable(path)?.write_file(path, content).await
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.changeable(path)?.append_file(path, content).await
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        match self.place(path) {
            Place::CommandDirectory(_) | Place::Commands if recursive => Ok(()),
            Place::CommandDirectory(_) | Place::Commands => Err(fault(Errno::EXIST)),
            _ => self.changeable(path)?.mkdir(path, recursive).await,
        }
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        let on = self.changeable(path)?;
        let is_mount = matches!(path.to_str(), Some("/tmp" | "/dev"));
        if is_mount && matches!(self.place(path), Place::Memory) {
            return Err(fault(Errno::BUSY));
        }
        on.remove(path, recursive).await
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        match self.place(path) {
            Place::Base => self.base.stat(path).await,
            Place::Memory => self.memory.stat(path).await,
            Place::CommandDirectory(_) | Place::Commands => Ok(self.directory()),
            Place::Command(name) => Ok(self.facts(FileType::File, stand_in(&name).len())),
            Place::Nowhere => Err(fault(Errno::NOENT)),
        }
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let entry = |name: &str, metadata| DirEntry { name: name.to_owned(), metadata };
        match self.place(path) {
            Place::Base => self.base.read_dir(path).await,
            Place::Memory => self.memory.read_dir(path).await,
            Place::CommandDirectory(names) => {
                Ok(names.iter().map(|name| entry(name, self.directory())).collect())
            }
            Place::Commands => {
                let names = self.commands.get().into_iter().flatten();
                let facts = |name: &str| self.facts(FileType::File, stand_in(name).len());
                Ok(names.map(|name| entry(name, facts(name))).collect())
            }
            Place::Command(_) => Err(fault(Errno::NOTDIR)),
            Place::Nowhere => Err(fault(Errno::NOENT)),
        }
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        match self.place(path) {
            Place::Base => self.base.exists(path).await,
            Place::Memory => self.memory.exists(path).await,
            Place::Nowhere => Ok(false),
            _ => Ok(true),
        }
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        match (self.place(from), self.place(to)) {
            (Place::Base, Place::Base) => self.base.rename(from, to).await,
            (Place::Memory, Place::Memory) => self.memory.rename(from, to).await,
            (Place::Base | Place::Memory, Place::Base | Place::Memory) => {
                self.move_across(from, to).await
            }
            _ => Err(fault(Errno::ACCESS)),
        }
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        match (self.place(from), self.place(to)) {
            (Place::Base, Place::Base) => self.base.copy(from, to).await,
            (Place::Memory, Place::Memory) => self.memory.copy(from, to).await,
            _ => {
                let content = self.read_file(from).await?;
                self.write_file(to, &content).await
            }
        }
    }

    async fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        self.changeable(link)?.symlink(target, link).await
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        match self.place(path) {
            Place::Base => self.base.read_link(path).await,
            Place::Memory => self.memory.read_link(path).await,
            _ => Err(fault(Errno::INVAL)),
        }
    }

    async fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        self.changeable(path)?.chmod(path, mode).await
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        self.changeable(path)?.set_modified_time(path, time).await
    }
}

impl Layout {
    /// A move between the workspace and memory: all is copied first, and only then removed.
    async fn move_across(&self, from: &Path, to: &Path) -> Result<()> {
        let mut left = vec![(from.to_owned(), to.to_owned())];
        if self.stat(from).await?.file_type.is_dir() {
            match self.stat(to).await {
                Ok(there) if !there.file_type.is_dir() => return Err(fault(Errno::NOTDIR)),
                Ok(_) if !self.read_dir(to).await?.is_empty() => {
                    return Err(fault(Errno::NOTEMPTY));
                }
                _ => {}
            }
        }
        while let Some((from, to)) = left.pop() {
            let facts = self.stat(&from).await?;
            match facts.file_type {
                FileType::Directory => {
                    self.mkdir(&to, true).await?;
                    for entry in self.read_dir(&from).await? {
                        left.push((from.join(&entry.name), to.join(&entry.name)));
                    }
                }
                FileType::Symlink => {
                    let target = self.read_link(&from).await?;
                    self.symlink(&target, &to).await?;
                }
                FileType::File => {
                    let content = self.read_file(&from).await?;
                    self.write_file(&to, &content).await?;
                    self.chmod(&to, facts.mode).await?;
                }
                FileType::Fifo => return Err(fault(Errno::ACCESS)),
            }
        }
        self.remove(from, true).await
    }
}
