//! Makes of a set of permissions what a sandbox on this machine consists of.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::connect::SocketAccess;
use super::files::{Access, Files, Obstacle, resolved};
use super::filter::{FilterTerms, NetAccess, Program as Filter, program};
use super::kernel::Kernel;
use super::named::{self, Missing};
use super::network::NetworkOrder;
use super::pins::Pins;
use super::{code, pins, programs, system};
use crate::error::Error;
use crate::permission::{Grant, Grants, NetGrant, PermissionSet, Unenforceable};

/// What is to be confined, and to what.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub permissions: Arc<PermissionSet>,
    /// Relative paths of rules are below it.
    pub project_root: PathBuf,
    /// The program that runs.
    pub binary: PathBuf,
    /// The code that it is told to load, if it is.
    pub entrypoint: Option<PathBuf>,
    /// More folders and files of code.
    pub code_roots: Vec<PathBuf>,
    /// Code of ours, with the folder that it lies in.
    pub worker: Option<PathBuf>,
    /// A folder of the process's own.
    pub scratch: Option<PathBuf>,
    /// Where commands are looked up, as in `PATH`.
    pub search_path: String,
    /// What cannot be kept is left out, not refused.
    pub best_effort: bool,
    pub network: NetworkOrder,
    /// Where the rules led before; nothing for the first look.
    pub pins: Option<Arc<Pins>>,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    /// None where there is nothing to confine, or nothing to confine it with.
    pub policy: Option<Policy>,
    /// What cannot be kept on this machine.
    pub unenforced: Vec<Unenforceable>,
    /// Where the rules led.
    pub pins: Pins,
}

/// Where no way to sockets stood the trial.
const NO_SOCKETS: &str = "this system gives a supervisor no way to the sockets of others";

/// A sandbox. Equal sandboxes are equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    pub files: Files,
    /// What was granted without being asked for.
    pub implicit: Files,
    pub net: NetGrant,
    /// How sockets are had whose connections rules decide about.
    pub sockets: Option<SocketAccess>,
    /// Programs may be started.
    pub run: bool,
    /// Memory may be shared that is no file's: programs do that, runtimes of tools do not.
    pub shared_memory: bool,
    /// All files may be read, so nothing is told by watching them.
    pub reads_everything: bool,
    /// For what is decided while the process runs.
    pub permissions: Arc<PermissionSet>,
}

impl Compiled {
    fn nothing(unenforced: Vec<Unenforceable>) -> Compiled {
        Compiled { policy: None, unenforced, pins: Pins::default() }
    }
}

impl Policy {
    /// A sandbox that keeps to the permissions. Fails with `INVALID_ARGUMENT` for a rule about something
    /// that is not there, and with `POLICY_UNENFORCEABLE` for what cannot be kept, if it must be.
    pub(crate) fn compile(
        order: &Order,
        missing: Missing,
        kernel: Kernel,
    ) -> Result<Compiled, Error> {
        let compiled = Policy::attempt(order, missing, kernel)?;
        if compiled.unenforced.is_empty() || order.best_effort {
            return Ok(compiled);
        }
        let platform = std::env::consts::OS;
        let reasons: Vec<&str> =
            compiled.unenforced.iter().map(|one| one.reason.as_str()).collect();
        let message =
            format!("permissions cannot be enforced on {platform}: {}", reasons.join("; "));
        Err(Error::policy_unenforceable(message)
            .with_details(json!({ "platform": platform, "unenforceable": compiled.unenforced })))
    }

    fn attempt(order: &Order, missing: Missing, kernel: Kernel) -> Result<Compiled, Error> {
        let permissions = &order.permissions;
        if permissions.grants_everything() {
            return Ok(Compiled::nothing(Vec::new()));
        }
        if let Some(lacking) = kernel.lacks() {
            return Ok(Compiled::nothing(permissions.unenforceable(&lacking)));
        }
        let mut unenforced = Vec::new();
        let root = order.project_root.as_path();
        let mut net = permissions.net_grant();
        if net == NetGrant::Some && kernel.sockets.is_none() {
            unenforced.extend(permissions.unenforceable_net(NO_SOCKETS));
            net = NetGrant::Nothing;
        }
        let read = permissions.read_grants(root);
        let write = permissions.write_grants(root);
        let run = permissions.run_grants(root);
        let runs = run.allows_everything || !run.allowed.is_empty();

        let mut implicit = system::usual(net != NetGrant::Nothing);
        let pinned = order.pins.as_deref();
        let mut pins = Pins::default();
        if let Some(entrypoint) = &order.entrypoint {
            let (all, direct) = code::code_of(root, entrypoint, &order.code_roots);
            pins.code = pins::paths(&all);
            implicit.extend(pins::kept_code(all, pinned.map(|pins| &pins.code), &direct));
        }
        let mut asked = Files::default();
        let files = read_files(&read, missing)?;
        pins.read = pins::paths(&files);
        asked.extend(pins::kept(files, pinned.map(|pins| &pins.read)));
        let files = written_files(root, &write, missing)?;
        pins.write = pins::paths(&files);
        asked.extend(pins::kept(files, pinned.map(|pins| &pins.write)));
        if let Some(scratch) = &order.scratch {
            implicit.grant(resolved(scratch), Access::READ | Access::LIST | Access::WRITE);
        }
        if runs {
            let files = programs::granted(&run, system::programs, &order.search_path, missing)?;
            pins.run = pins::paths(&files);
            asked.extend(pins::kept(files, pinned.map(|pins| &pins.run)));
            if read.allows_everything && run.allows_everything {
                asked.extend(system::everything(Access::EXECUTE));
            }
        }
        let mut needed = system::needed(&order.binary);
        let shared_memory = runs || order.worker.is_none();
        if shared_memory {
            needed.extend(system::zeros());
        }
        if let Some(worker) = &order.worker {
            let folder = worker.parent().unwrap_or(root);
            needed.grant(resolved(worker), Access::READ);
            needed.grant(resolved(folder), Access::LIST);
            // Bun looks for one beside the code that it loads, and complains of one that it cannot read.
            let settings = folder.join("tsconfig.json");
            if settings.is_file() {
                needed.grant(resolved(&settings), Access::READ);
            }
        }
        if runs {
            // A rule for each process that is still to come cannot be made.
            needed.grant("/proc", Access::READ | Access::LIST);
        }
        let reading = Access::READ | Access::LIST;
        // Bun loads nothing from a folder whose names it cannot read, so these stay.
        for (files, reading) in [(&mut asked, reading), (&mut implicit, Access::READ)] {
            take(files, &read, reading, "read", &mut unenforced);
            take(files, &write, Access::WRITE, "write", &mut unenforced);
        }
        let denied_programs = programs::denied(&run, &order.search_path);
        take(&mut asked, &denied_programs, Access::EXECUTE, "run", &mut unenforced);
        keeps_needed(&needed, &read, &mut unenforced);
        unenforced.sort_by(|one, other| one.flag.cmp(&other.flag));
        unenforced.dedup();
        implicit.extend(needed);
        let mut files = asked;
        files.extend(implicit.clone());
        let policy = Policy {
            files,
            implicit,
            net,
            sockets: kernel.sockets.filter(|_| net == NetGrant::Some),
            run: runs && !run.denies_everything,
            shared_memory,
            reads_everything: read.allows_everything
                && read.denied.is_empty()
                && !read.denies_everything,
            permissions: Arc::clone(permissions),
        };
        Ok(Compiled { policy: Some(policy), unenforced, pins })
    }

    /// What was granted without being asked for, as flags.
    #[cfg_attr(not(feature = "node"), expect(dead_code, reason = "for the face"))]
    pub(crate) fn implicit_flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        for (access, name) in
            [(Access::READ, "read"), (Access::WRITE, "write"), (Access::EXECUTE, "run")]
        {
            let held = self.implicit.iter().filter(|(_, held)| held.has(access));
            flags.extend(held.map(|(path, _)| format!("--allow-{name}={}", path.display())));
        }
        flags
    }

    /// Whether a file could be changed, or another put in its place.
    #[cfg_attr(not(feature = "node"), expect(dead_code, reason = "for the face"))]
    pub(crate) fn may_write(&self, path: Option<&Path>) -> bool {
        path.is_some_and(|path| self.files.access_to(&resolved(path)).has(Access::WRITE))
    }

    /// Whether there are files whose modes and times may be set.
    pub(crate) fn sets_metadata(&self) -> bool {
        let device = Path::new("/dev/null");
        self.files.iter().any(|(path, access)| access.has(Access::WRITE) && path != device)
    }

    /// The programs that a script is run by and that may not be, as it names them: its interpreter, and
    /// what `env` in that place would look up. None for what is no script.
    #[cfg_attr(not(feature = "node"), expect(dead_code, reason = "for the face"))]
    pub(crate) fn interpreters_missing(&self, program: &Path, search_path: &str) -> Vec<String> {
        let Some(line) = programs::first_line(program) else { return Vec::new() };
        let executable = |path: &Path| self.files.access_to(&resolved(path)).has(Access::EXECUTE);
        let missing = |name: &&str| {
            let found = if name.contains('/') {
                Some(PathBuf::from(name))
            } else {
                programs::look_up(name, search_path).next()
            };
            !found.is_some_and(|path: PathBuf| executable(&path))
        };
        programs::runs_by(&line).into_iter().filter(missing).map(str::to_owned).collect()
    }

    /// What the filter of system calls has to know.
    pub(crate) fn filter(&self, kernel: Kernel) -> Filter {
        program(&FilterTerms {
            net: match self.net {
                NetGrant::Nothing => NetAccess::Closed,
                NetGrant::Some => NetAccess::Supervised,
                NetGrant::Everything => NetAccess::Open,
            },
            processes: self.run,
            shared_memory: self.shared_memory,
            watch_files: self.reads_everything,
            supervised_sockets: self.sockets == Some(SocketAccess::Held),
            supervised_metadata: self.sets_metadata() && kernel.reads_memory,
            scoped_signals: kernel.scopes(),
            truncate_by_path: kernel.landlock < 3,
        })
    }
}

fn read_files(grants: &Grants<PathBuf>, missing: Missing) -> Result<Files, Error> {
    if grants.allows_everything {
        return Ok(system::everything(Access::READ | Access::LIST));
    }
    named::read(grants, missing)
}

fn written_files(root: &Path, grants: &Grants<PathBuf>, missing: Missing) -> Result<Files, Error> {
    if grants.allows_everything {
        return Ok(system::everything(Access::WRITE));
    }
    named::written(root, grants, missing)
}

/// Takes what is denied out of what was granted.
fn take(
    files: &mut Files,
    grants: &Grants<PathBuf>,
    access: Access,
    permission: &'static str,
    unenforced: &mut Vec<Unenforceable>,
) {
    let everything = grants
        .denies_everything
        .then(|| Grant { flag: format!("--deny-{permission}"), target: PathBuf::from("/") });
    for rule in everything.iter().chain(&grants.denied) {
        if let Err(why) = files.deny(&resolved(&rule.target), access) {
            unenforced.push(cannot(permission, &rule.flag, &because(&why)));
        }
    }
}

fn because(why: &Obstacle) -> String {
    match why {
        Obstacle::Inside(outer) => format!(
            "it lies inside {}, which may be written, and the kernel cannot take a part out of that",
            outer.display()
        ),
        Obstacle::TooMany => "too many files lie beside it to grant each of them".to_owned(),
        Obstacle::Unlisted(folder) => {
            format!("{} cannot be listed to grant what else lies there", folder.display())
        }
    }
}

fn cannot(permission: &'static str, flag: &str, reason: &str) -> Unenforceable {
    Unenforceable { flag: flag.to_owned(), permission, reason: format!("{flag}: {reason}") }
}

/// Files that the runtime itself consists of cannot be denied.
fn keeps_needed(needed: &Files, read: &Grants<PathBuf>, unenforced: &mut Vec<Unenforceable>) {
    for rule in &read.denied {
        let denied = resolved(&rule.target);
        if needed.iter().any(|(path, _)| path.starts_with(&denied) || denied.starts_with(path)) {
            let reason = "no runtime starts without what lies there";
            unenforced.push(cannot("read", &rule.flag, reason));
        }
    }
}
