//! Which system calls a confined tree may make.
//!
//! Files and TCP ports are Landlock's. This program closes what Landlock does not see: other
//! processes, metadata of files, every socket but the few kinds that a policy can judge, and all of
//! the kernel that no runtime needs. It also takes the place of the process room's small filter, so
//! the ways out of the process group are refused here too.
//!
//! [`program`] is pure: the same terms give the same steps. What it consists of:
//!
//! - [`numbers`]: numbers of system calls, by architecture;
//! - [`table`]: which call is answered how;
//! - [`rules`]: the calls whose answer depends on an argument;
//! - [`assembler`]: steps and jumps from named places.
//!
//! Two properties hold for every set of terms. A number that is not known here is answered with
//! `ENOSYS`: a system call that a later kernel brings stays closed until somebody has looked at it.
//! And a call that is always allowed is so without a look at its arguments, which lets the kernel
//! skip the program for it.

mod assembler;
mod numbers;
mod rules;
mod table;

#[cfg(test)]
mod facts;
#[cfg(test)]
mod installed;
#[cfg(test)]
mod interpreter;
#[cfg(test)]
mod oracle;

use assembler::{Assembler, Place};
pub(super) use numbers::newer::FCHMODAT2;
#[cfg(test)]
pub(super) use table::modes_and_times;

/// Whom the tree may talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetAccess {
    /// Nobody: there are no sockets.
    Closed,
    /// TCP, and every connection is made by the supervisor.
    Supervised,
    /// Everybody, by TCP and UDP. Being connected to stays refused.
    Open,
}

/// What the filter has to know of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a term of its own")]
pub(crate) struct FilterTerms {
    pub net: NetAccess,
    /// Sockets are made by the supervisor, if the network is supervised.
    pub supervised_sockets: bool,
    /// Processes may be started; else only threads.
    pub processes: bool,
    /// Memory may be shared that is no file's. What was written to it and dropped is held by the kernel
    /// and counted for nobody.
    pub shared_memory: bool,
    /// Everything may be read, so files may also be watched and their attributes read.
    pub watch_files: bool,
    /// Modes and times of files are set by the supervisor, if it agrees; else they are refused.
    pub supervised_metadata: bool,
    /// Landlock keeps signals inside (ABI 6); else the leader may signal itself alone.
    pub scoped_signals: bool,
    /// Landlock does not judge truncation (below ABI 3): it is refused unless the file is open for
    /// writing.
    pub truncate_by_path: bool,
}

/// A program for `seccomp`.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub steps: Vec<libc::sock_filter>,
    /// Some answers are the supervisor's: the program has to be installed with a listener.
    pub notifies: bool,
    /// Steps whose `k` must become the process id of the child. Until then they match no process.
    pub own_pid: Vec<usize>,
}

/// The program for a policy.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "terms are a part of a policy, and grow")]
pub(crate) fn program(terms: &FilterTerms) -> Program {
    let table = table::table(*terms);
    let mut assembler = Assembler::default();
    assembler.load(numbers::ARCH);
    assembler.unless_equal(numbers::OURS, Place::KILL);
    assembler.load(numbers::NUMBER);
    assembler.dispatch(&table.segments());
    for rule in table.rules() {
        assembler.mark(Place::Rule(rule));
        rules::emit(rule, *terms, &mut assembler);
    }
    let (steps, own_pid) = assembler.finish();
    let notifies = steps.iter().any(|step| assembler::returns(*step) == Some(Place::NOTIFY));
    Program { steps, notifies, own_pid }
}
