//! Makes of permissions what a profile says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::profile::{Network, Terms};
use super::system;
use crate::error::Error;
use crate::permission::{Grants, NetGrant, PermissionSet, Unenforceable};
use crate::sandbox::files::{Access, Files, resolved};
use crate::sandbox::named::{self, Missing};
use crate::sandbox::pins::{self, Pins};
use crate::sandbox::{code, programs};

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
    /// Where the rules led before; nothing for the first look.
    pub pins: Option<Arc<Pins>>,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    /// None where there is nothing to confine. Its network is closed until a proxy is there.
    pub terms: Option<Terms>,
    /// Rules about hosts need a proxy.
    pub proxied: bool,
    /// What cannot be kept.
    pub unenforced: Vec<Unenforceable>,
    /// Where the rules led.
    pub pins: Pins,
}

/// A sandbox that keeps to the permissions, and what of them it does not. Fails with
/// `INVALID_ARGUMENT` for a rule about something that is not there.
pub(crate) fn compile(order: &Order, missing: Missing) -> Result<Compiled, Error> {
    let permissions = &order.permissions;
    let mut unenforced = Vec::new();
    let mut pins = Pins::default();
    if permissions.grants_everything() {
        return Ok(Compiled { terms: None, proxied: false, unenforced, pins });
    }
    let root = order.project_root.as_path();
    let net = permissions.net_grant();
    let read = permissions.read_grants(root);
    let write = permissions.write_grants(root);
    let run = permissions.run_grants(root);
    let runs = run.allows_everything || !run.allowed.is_empty();

    let mut everything = Access::default();
    for (all, access) in [
        (read.allows_everything, Access::READ | Access::LIST),
        (write.allows_everything, Access::WRITE),
        (run.allows_everything, Access::EXECUTE),
    ] {
        everything = if all { everything | access } else { everything };
    }

    let pinned = order.pins.as_deref();
    let mut granted = system::usual(net != NetGrant::Nothing);
    let mut needed = system::needed(&order.binary);
    if let Some(entrypoint) = &order.entrypoint {
        let (all, direct) = code::code_of(root, entrypoint, &order.code_roots);
        pins.code = pins::paths(&all);
        let code = pins::kept_code(all, pinned.map(|pins| &pins.code), &direct);
        // Bun loads nothing from a folder whose names it cannot read, so those are not denied.
        for (path, _) in code.iter().filter(|(_, access)| access.has(Access::LIST)) {
            needed.grant(path, Access::LIST);
        }
        granted.extend(code);
    }
    let files = named::read(&read, missing)?;
    pins.read = pins::paths(&files);
    granted.extend(pins::kept(files, pinned.map(|pins| &pins.read)));
    let files = named::written(root, &write, missing)?;
    pins.write = pins::paths(&files);
    granted.extend(pins::kept(files, pinned.map(|pins| &pins.write)));
    if let Some(scratch) = &order.scratch {
        granted.grant(resolved(scratch), Access::READ | Access::LIST | Access::WRITE);
    }
    if runs {
        let files = programs::granted(&run, system::programs, &order.search_path, missing)?;
        pins.run = pins::paths(&files);
        granted.extend(pins::kept(files, pinned.map(|pins| &pins.run)));
    }
    if let Some(worker) = &order.worker {
        needed.grant(resolved(worker), Access::READ);
        needed.grant(resolved(worker.parent().unwrap_or(root)), Access::LIST);
    }

    let denied_programs = programs::denied(&run, &order.search_path);
    let mut denied = Files::default();
    for (grants, access, permission) in [
        (&read, Access::READ | Access::LIST, "read"),
        (&write, Access::WRITE, "write"),
        (&denied_programs, Access::EXECUTE, "run"),
    ] {
        if grants.denies_everything {
            denied.grant("/", access);
        }
        for rule in &grants.denied {
            if is_unspelled(&rule.target) {
                let reason = "it is not there, and a file system that takes upper for lower case \
                              may know it by another spelling later; make it first";
                unenforced.push(cannot(permission, &rule.flag, reason));
            }
            denied.grant(resolved(&rule.target), access);
        }
    }
    keeps_needed(&needed, &read, &mut unenforced);
    unenforced.sort_by(|one, other| one.flag.cmp(&other.flag));
    unenforced.dedup();
    let network = if net == NetGrant::Everything { Network::Open } else { Network::Closed };
    let processes = runs && !run.denies_everything;
    let terms = Terms { everything, granted, denied, needed, network, processes };
    Ok(Compiled { terms: Some(terms), proxied: net == NetGrant::Some, unenforced, pins })
}

/// True for a path that is not there: the system does not know how it is really written.
fn is_unspelled(path: &Path) -> bool {
    path.canonicalize().is_err()
}

fn cannot(permission: &'static str, flag: &str, reason: &str) -> Unenforceable {
    Unenforceable { flag: flag.to_owned(), permission, reason: format!("{flag}: {reason}") }
}

/// Files that the runtime itself consists of cannot be denied.
fn keeps_needed(needed: &Files, read: &Grants<PathBuf>, unenforced: &mut Vec<Unenforceable>) {
    for rule in &read.denied {
        let denied = resolved(&rule.target);
        let needs = |(path, access): (&Path, Access)| {
            access.has(Access::READ) && (path.starts_with(&denied) || denied.starts_with(path))
        };
        if needed.iter().any(needs) {
            let reason = "no runtime starts without what lies there";
            unenforced.push(cannot("read", &rule.flag, reason));
        }
    }
}
