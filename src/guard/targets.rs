//! Step 5: where a command writes.
//!
//! Paths are followed on paper only: a link that leads elsewhere is for the sandbox to refuse.

use super::bounds;
use super::invocation::Invocation;
use super::words::{HOME, UNKNOWN, Word};

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Into the workspace, or to nowhere: `/dev/null`.
    Inside,
    /// Only the run decides.
    Dynamic,
    /// Out of the workspace.
    Outside,
    /// To settings of the machine.
    System,
    /// To a disk or another device.
    Device,
    /// To another machine: bash's `/dev/tcp`.
    Network,
    /// To a folder that holds everything: `/`, a home, `/usr`.
    Root,
}

/// What a path is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Slash,
    /// The folder the text is run in.
    Start,
    /// A folder above that one.
    Above,
    Home,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Located {
    origin: Origin,
    parts: Vec<String>,
}

/// The folders that a text may be in when it comes to a path.
#[derive(Debug, Clone)]
pub(super) struct Folders {
    workspace: Option<Vec<String>>,
    bases: Vec<Located>,
}

/// Folders whose loss is the loss of the machine or of everything of someone.
const TOP: &[&str] = &[
    "Applications",
    "Library",
    "System",
    "Users",
    "Volumes",
    "bin",
    "boot",
    "data",
    "dev",
    "etc",
    "home",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "media",
    "mnt",
    "nix",
    "opt",
    "private",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "usr",
    "var",
];
const SETTINGS: &[&str] = &["etc", "boot", "proc", "sys"];
/// Below /dev, these are no devices to be harmed.
const STREAMS: &[&str] =
    &["null", "zero", "full", "stdin", "stdout", "stderr", "tty", "fd", "ptmx"];

impl Folders {
    /// What the `cd`s of a text may lead to, whichever of them run.
    pub(super) fn of(
        invocations: &[Invocation],
        workspace: Option<&str>,
        cwd: Option<&str>,
    ) -> Folders {
        let absolute = |path: &str| split(path).map(str::to_owned).collect::<Vec<_>>();
        let workspace = workspace.map(absolute);
        let start = match cwd.map(absolute).or_else(|| workspace.clone()) {
            Some(parts) => Located { origin: Origin::Slash, parts },
            None => Located { origin: Origin::Start, parts: Vec::new() },
        };
        let mut folders = Folders { workspace, bases: vec![start] };
        for invocation in invocations {
            if matches!(invocation.name().as_deref(), Some("cd" | "pushd" | "chdir")) {
                folders.enter(invocation.arguments());
            }
        }
        folders
    }

    fn enter(&mut self, arguments: &[Word]) {
        let unknown = Located { origin: Origin::Unknown, parts: Vec::new() };
        let operand = arguments.iter().find(|word| !word.text.starts_with('-') || word.text == "-");
        let entered: Vec<Located> = match operand {
            None => vec![Located { origin: Origin::Home, parts: Vec::new() }],
            Some(word) if word.text == "-" || word.pattern || word.text.starts_with('+') => {
                vec![unknown.clone()]
            }
            Some(word) => self.bases.iter().map(|base| locate(base, &word.text)).collect(),
        };
        for folder in entered {
            if self.bases.len() >= bounds::FOLDERS {
                self.bases.push(unknown);
                return;
            }
            if !self.bases.contains(&folder) {
                self.bases.push(folder);
            }
        }
    }

    /// Where a path may lead at worst.
    pub(super) fn place(&self, word: &Word) -> Place {
        let places = self.bases.iter().map(|base| self.classify(&locate(base, &word.text), word));
        places.max().unwrap_or(Place::Dynamic)
    }

    /// True for a path whose recursive removal takes everything.
    pub(super) fn is_root(&self, word: &Word) -> bool {
        self.bases.iter().any(|base| holds_everything(&locate(base, &word.text), word.pattern))
    }

    fn classify(&self, path: &Located, word: &Word) -> Place {
        let unknown = |part: &String| part.contains(UNKNOWN) || part.contains(HOME);
        let dynamic = path.parts.iter().any(unknown) || word.pattern && word.text.contains('{');
        let first = path.parts.first().map(String::as_str);
        match path.origin {
            Origin::Unknown => Place::Dynamic,
            Origin::Home if path.parts.is_empty() => Place::Root,
            Origin::Home | Origin::Above => Place::Outside,
            Origin::Start if word.pattern && path.parts.iter().any(|part| is_dots(part)) => {
                Place::Outside
            }
            Origin::Start if dynamic => Place::Dynamic,
            Origin::Start => Place::Inside,
            Origin::Slash => match first {
                None => Place::Root,
                Some("dev") => device(&path.parts),
                Some(first) if SETTINGS.contains(&&*first.to_ascii_lowercase()) => Place::System,
                Some(first) if first.contains(UNKNOWN) => Place::Dynamic,
                Some(first) if word.pattern && first.contains(['*', '?', '[', '{']) => {
                    Place::System
                }
                // macOS keeps the real ones here.
                Some("private") if path.parts.get(1).is_some_and(|part| part == "etc") => {
                    Place::System
                }
                Some(_)
                    if self.workspace.as_ref().is_some_and(|top| path.parts.starts_with(top)) =>
                {
                    if dynamic {
                        Place::Dynamic
                    } else {
                        Place::Inside
                    }
                }
                Some(_) => Place::Outside,
            },
        }
    }
}

/// True for `/`, a home and the folders just below `/`, without regard to any `cd`.
pub(super) fn is_root_like(word: &Word) -> bool {
    let start = Located { origin: Origin::Start, parts: Vec::new() };
    holds_everything(&locate(&start, &word.text), word.pattern)
}

fn holds_everything(path: &Located, pattern: bool) -> bool {
    let glob = |part: &String| pattern && part.contains(['*', '?', '[', '{']);
    let parts = match path.parts.as_slice() {
        [parts @ .., last] if glob(last) => parts,
        parts => parts,
    };
    match (path.origin, parts) {
        (Origin::Home | Origin::Slash, []) => true,
        (Origin::Slash, [top]) => {
            TOP.iter().any(|known| known.eq_ignore_ascii_case(top)) || glob(top)
        }
        (Origin::Slash, [home, _]) => matches!(&**home, "home" | "Users") && path.parts.len() == 2,
        _ => false,
    }
}

/// `.*` and the like, which match the folder above.
fn is_dots(part: &str) -> bool {
    part.starts_with('.') && part.len() <= 3 && part.contains(['*', '?', '['])
}

fn device(parts: &[String]) -> Place {
    match parts.get(1).map(String::as_str) {
        Some("tcp" | "udp") => Place::Network,
        Some(name) if STREAMS.contains(&name) => Place::Inside,
        Some("shm" | "mqueue") => Place::Outside,
        None => Place::Root,
        Some(_) => Place::Device,
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

fn locate(base: &Located, path: &str) -> Located {
    let mut located = if path.starts_with('/') {
        Located { origin: Origin::Slash, parts: Vec::new() }
    } else if path.starts_with(HOME) {
        Located { origin: Origin::Home, parts: Vec::new() }
    } else if path.starts_with(UNKNOWN) {
        Located { origin: Origin::Unknown, parts: Vec::new() }
    } else {
        base.clone()
    };
    for part in split(path) {
        if part.starts_with(HOME) && located.origin == Origin::Home && located.parts.is_empty() {
            // `$HOME$x` may go anywhere; it is outside in any case.
            continue;
        }
        if part != ".." {
            located.parts.push(part.to_owned());
        } else if located.parts.pop().is_none() {
            located.origin = match located.origin {
                Origin::Start | Origin::Home => Origin::Above,
                origin => origin,
            };
        }
    }
    located
}
