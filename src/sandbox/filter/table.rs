//! Which system call is answered how. What is not listed is allowed.

use std::collections::{BTreeMap, BTreeSet};

use libc::c_long;

use super::assembler::Place;
use super::numbers::{self, newer, number};
use super::rules::Rule;
use super::{FilterTerms, NetAccess};

/// Never answered otherwise: other processes, mounts, the machine, and parts of the kernel that no
/// runtime needs.
const REFUSED: &[c_long] = &[
    // Other processes: their memory, descriptors and state.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Out of the process group, or before others at a processor or disk.
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    // Code in the kernel, keys, page faults as a tool.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    newer::OPEN_TREE_ATTR,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    // Memory that no counter of the process shows. `vmsplice` is one of them: pages in a pipe stay
    // when the process has unmapped them, and a few bytes of a huge page keep all of it.
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_vmsplice,
    // Objects with names outside the tree. To refuse only the making would leave those of other
    // programs of the same user, which can be had by their small numbers and removed by their names.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_shmdt,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // The machine.
    libc::SYS_kexec_load,
    newer::KEXEC_FILE_LOAD,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_settimeofday,
    libc::SYS_adjtimex,
    // Nobody connects to the tree. `listen` also takes a port without asking Landlock for it.
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
];

/// The same, of this architecture alone.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[c_long] = &[
    libc::SYS_iopl,
    libc::SYS_ioperm,
    // Segments of 16-bit code: only emulators want them, and they have broken kernels before.
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    // Of modules: `create_module`, `get_kernel_syms`, `query_module`, gone from all kernels of today.
    174,
    177,
    178,
];
#[cfg(target_arch = "aarch64")]
const REFUSED_HERE: &[c_long] = &[];

/// Programs are told that the kernel is too old for it, and do it in another way: without rings,
/// by `clone`, whose flags lie in a register, and without a list of the host's mounts.
const UNKNOWN: &[c_long] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_clone3,
    newer::STATMOUNT,
    newer::LISTMOUNT,
];

const MODES_AND_TIMES: &[c_long] =
    &[libc::SYS_fchmod, libc::SYS_fchmodat, newer::FCHMODAT2, libc::SYS_utimensat];
#[cfg(target_arch = "x86_64")]
const MODES_AND_TIMES_HERE: &[c_long] =
    &[libc::SYS_chmod, libc::SYS_utime, libc::SYS_utimes, libc::SYS_futimesat];
#[cfg(target_arch = "aarch64")]
const MODES_AND_TIMES_HERE: &[c_long] = &[];

/// What is handed over under [`FilterTerms::supervised_metadata`].
#[cfg(test)]
pub(crate) fn modes_and_times() -> Vec<c_long> {
    [MODES_AND_TIMES, MODES_AND_TIMES_HERE].concat()
}

/// Metadata that the supervisor does not set either.
const OWNERS: &[c_long] = &[libc::SYS_fchown, libc::SYS_fchownat, newer::FILE_SETATTR];

/// Programs are told that the file system has none, and set the mode instead: to copy a mode, many
/// first try to copy the list of rights that is kept as an attribute.
const SET_ATTRIBUTES: &[c_long] = &[
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    newer::SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    newer::REMOVEXATTRAT,
];
#[cfg(target_arch = "x86_64")]
const OWNERS_HERE: &[c_long] = &[libc::SYS_chown, libc::SYS_lchown];
#[cfg(target_arch = "aarch64")]
const OWNERS_HERE: &[c_long] = &[];

const READ_ATTRIBUTES: &[c_long] = &[
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_fgetxattr,
    newer::GETXATTRAT,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    libc::SYS_flistxattr,
    newer::LISTXATTRAT,
];

/// Their first argument is a process, and 0 is the caller.
const OF_A_PROCESS: &[c_long] = &[
    libc::SYS_prlimit64,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setaffinity,
    libc::SYS_get_robust_list,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
];

/// Their first argument is a process, and 0 is a group.
const SIGNALS: &[c_long] = &[
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
];

#[cfg(target_arch = "x86_64")]
const FORKS: &[c_long] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(target_arch = "aarch64")]
const FORKS: &[c_long] = &[];

/// The answers that are not "allow", by number.
///
/// Looked at and left open: `pidfd_open` (names a process, and all that could be done with it is
/// judged), `process_mrelease` (only frees what a dying process holds), `landlock_*` and `seccomp`
/// (a filter more can only take away: of two answers the stricter holds, and a second listener is
/// not granted), `name_to_handle_at` (a handle opens nothing without `open_by_handle_at`),
/// `personality`, `capset`, `arch_prctl`, `mseal`, `map_shadow_stack` (the caller alone), `splice`,
/// `tee`, `io_submit` (descriptors that it has), `setuid` and its kin, `vhangup`, `lookup_dcookie`
/// (capabilities that a confined child does not have), `statfs`, `file_getattr` (metadata stays
/// visible), `execve` (Landlock's).
pub(super) struct Table(BTreeMap<u32, Place>);

pub(super) fn table(terms: FilterTerms) -> Table {
    let modes = if terms.supervised_metadata { Place::NOTIFY } else { Place::EPERM };
    let rule = |rule| Place::Rule(rule);
    let mut rows: Vec<(&[c_long], Place)> = vec![
        (REFUSED, Place::EPERM),
        (REFUSED_HERE, Place::EPERM),
        (UNKNOWN, Place::ENOSYS),
        (MODES_AND_TIMES, modes),
        (MODES_AND_TIMES_HERE, modes),
        (OWNERS, Place::EPERM),
        (SET_ATTRIBUTES, Place::EOPNOTSUPP),
        (OWNERS_HERE, Place::EPERM),
        (OF_A_PROCESS, rule(Rule::OnlyCaller)),
        (&[libc::SYS_clone], rule(Rule::Clone)),
        (&[libc::SYS_prctl], rule(Rule::Prctl)),
        (&[libc::SYS_ioctl], rule(Rule::Ioctl)),
        (&[libc::SYS_fcntl], rule(Rule::Fcntl)),
        (&[libc::SYS_socketpair], rule(Rule::SocketPair)),
        (&[libc::SYS_setsockopt], rule(Rule::SocketOption)),
        (&[libc::SYS_sendto, libc::SYS_sendmmsg], rule(Rule::SendFlagsFourth)),
        (&[libc::SYS_sendmsg], rule(Rule::SendFlagsThird)),
    ];
    if !terms.processes {
        rows.push((FORKS, Place::EPERM));
    }
    if !terms.shared_memory {
        rows.push((&[libc::SYS_mmap], rule(Rule::Map)));
    }
    if !terms.watch_files {
        rows.push((&[libc::SYS_inotify_add_watch], Place::EACCES));
        rows.push((READ_ATTRIBUTES, Place::EOPNOTSUPP));
    }
    if terms.scoped_signals {
        rows.push((&[libc::SYS_kill], rule(Rule::NotGroup)));
    } else {
        rows.push((SIGNALS, rule(Rule::OnlyOwnPid)));
        // Its argument is a descriptor, which tells nothing here.
        rows.push((&[libc::SYS_pidfd_send_signal], Place::EPERM));
    }
    if terms.truncate_by_path {
        // `ftruncate` and `creat` act on files that Landlock lets be opened for writing. `openat2`
        // has its flags in memory.
        rows.push((&[libc::SYS_truncate], Place::EACCES));
        rows.push((&[libc::SYS_openat], rule(Rule::OpenFlagsThird)));
        #[cfg(target_arch = "x86_64")]
        rows.push((&[libc::SYS_open], rule(Rule::OpenFlagsSecond)));
        rows.push((&[libc::SYS_openat2], Place::ENOSYS));
    }
    match terms.net {
        NetAccess::Closed => {
            rows.push((&[libc::SYS_socket, libc::SYS_bind, libc::SYS_connect], Place::EACCES));
        }
        NetAccess::Supervised => {
            rows.push((&[libc::SYS_socket], rule(Rule::Socket)));
            rows.push((&[libc::SYS_bind], Place::EACCES));
            rows.push((&[libc::SYS_connect], Place::NOTIFY));
        }
        // Landlock refuses the binding of TCP ports.
        NetAccess::Open => rows.push((&[libc::SYS_socket], rule(Rule::Socket))),
    }
    let mut answers = BTreeMap::new();
    for unassigned in numbers::UNASSIGNED {
        answers.extend(unassigned.clone().map(|call| (call, Place::ENOSYS)));
    }
    for (calls, place) in rows {
        answers.extend(calls.iter().map(|call| (number(*call), place)));
    }
    Table(answers)
}

impl Table {
    /// From where on which place: every number has one.
    pub(super) fn segments(&self) -> Vec<(u32, Place)> {
        let mut segments: Vec<(u32, Place)> = Vec::new();
        for call in 0..=numbers::HIGHEST {
            let place = self.0.get(&call).copied().unwrap_or(Place::ALLOW);
            if segments.last().is_none_or(|(_, last)| *last != place) {
                segments.push((call, place));
            }
        }
        segments.push((numbers::HIGHEST + 1, Place::ENOSYS));
        segments
    }

    /// The rules that something is judged by.
    pub(super) fn rules(&self) -> BTreeSet<Rule> {
        let rule = |place: &Place| if let Place::Rule(rule) = place { Some(*rule) } else { None };
        self.0.values().filter_map(rule).collect()
    }
}
