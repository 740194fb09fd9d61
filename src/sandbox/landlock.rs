//! Hands rules for files to the kernel.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, Scope,
};

use super::files::Access;
use super::kernel::Kernel;
use super::known;
use super::policy::Policy;
use crate::permission::NetGrant;

fn rights(access: Access, abi: ABI, folder: bool) -> BitFlags<AccessFs> {
    let mut rights = BitFlags::empty();
    for (held, gives) in [
        (Access::READ, BitFlags::from(AccessFs::ReadFile)),
        (Access::LIST, AccessFs::ReadDir.into()),
        (Access::EXECUTE, AccessFs::Execute.into()),
        (
            Access::WRITE,
            AccessFs::WriteFile
                | AccessFs::Truncate
                | AccessFs::MakeReg
                | AccessFs::MakeDir
                | AccessFs::MakeSym
                | AccessFs::MakeFifo
                | AccessFs::RemoveFile
                | AccessFs::RemoveDir
                | AccessFs::Refer,
        ),
    ] {
        if access.has(held) {
            rights |= gives;
        }
    }
    rights & if folder { AccessFs::from_all(abi) } else { AccessFs::from_file(abi) }
}

/// Opens a real path, to be named by a rule. None when what is there is gone, or is reached by a link
/// that somebody has put there since.
pub(super) fn opened(path: &Path) -> Option<PathFd> {
    let opened = PathFd::new(path).ok()?;
    let own = format!("/proc/self/fd/{}", opened.as_fd().as_raw_fd());
    (std::fs::read_link(own).ok()? == path).then_some(opened)
}

/// A ruleset of the policy's files, for a process to put on. It refuses everything that it knows of
/// and that no rule grants; what the kernel does not know of is not asked for.
pub(crate) fn ruleset(policy: &Policy, kernel: Kernel) -> Result<OwnedFd, RulesetError> {
    let abi = ABI::from(kernel.landlock);
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))?;
    if kernel.landlock >= 4 {
        ruleset = ruleset.handle_access(AccessNet::BindTcp)?;
        if policy.net != NetGrant::Everything {
            ruleset = ruleset.handle_access(AccessNet::ConnectTcp)?;
        }
    }
    if kernel.scopes() {
        ruleset = ruleset.scope(Scope::AbstractUnixSocket | Scope::Signal)?;
    }
    let mut created = ruleset.create()?;
    for (path, access) in policy.files.iter() {
        let known = known::lately(path);
        let (new, is_folder) = match &known {
            Some(known) => (None, known.is_folder),
            None => (opened(path), path.is_dir()),
        };
        // What is gone meanwhile needs no rule.
        let file = known.as_deref().map(AsFd::as_fd).or(new.as_ref().map(AsFd::as_fd));
        let rights = rights(access, abi, is_folder);
        if let Some(file) = file.filter(|_| !rights.is_empty()) {
            created = created.add_rule(PathBeneath::new(file, rights))?;
        }
    }
    let descriptor: Option<OwnedFd> = created.into();
    descriptor
        .ok_or(RulesetError::CreateRuleset(landlock::CreateRulesetError::MissingHandledAccess))
}
