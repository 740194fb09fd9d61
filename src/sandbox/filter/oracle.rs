//! What the answer to a call should be, told by what the call means.
//!
//! Shares nothing with the program's tables but the terms: numbers are the C library's, or written
//! out from the kernel's table, and arguments are looked at as the kernel does.

use super::{FilterTerms, NetAccess};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Allow,
    Errno(i32),
    Notify,
    Kill,
}

use Expected::{Allow, Errno, Notify};

/// The last call of Linux 6.18, `file_setattr`.
const LAST: u32 = 469;
pub(super) const OWN_PID: i32 = 4242;

fn allowed_if(condition: bool, errno: i32) -> Expected {
    if condition { Allow } else { Errno(errno) }
}

/// What the kernel makes of a register that holds an `int`.
fn int(register: u64) -> i32 {
    u32::try_from(register & 0xFFFF_FFFF).unwrap().cast_signed()
}

fn socket(terms: FilterTerms, domain: i32, kind: i32, protocol: i32) -> Expected {
    let kind = kind & !(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK);
    let internet = domain == libc::AF_INET || domain == libc::AF_INET6;
    let tcp = internet && kind == libc::SOCK_STREAM && [0, 6].contains(&protocol);
    let udp = internet && kind == libc::SOCK_DGRAM && [0, 17].contains(&protocol);
    match terms.net {
        NetAccess::Supervised if tcp && terms.supervised_sockets => Notify,
        NetAccess::Supervised => allowed_if(tcp, libc::EACCES),
        NetAccess::Open => allowed_if(tcp || udp, libc::EACCES),
        NetAccess::Closed => Errno(libc::EACCES),
    }
}

fn ioctl(request: u32) -> Expected {
    let harmless = match request {
        // TIOCSTI, TIOCSETD, TIOCLINUX; FIOSETOWN, SIOCSPGRP.
        0x5412 | 0x5423 | 0x541C | 0x8901 | 0x8902 => false,
        // FS_IOC_GETFLAGS, FIEMAP, FSGETXATTR, FICLONE, FICLONERANGE, FIDEDUPERANGE.
        0x8008_6601 | 0xC020_660B | 0x801C_581F | 0x4004_9409 | 0x4020_940D | 0xC018_9436 => true,
        other => !matches!(other.to_be_bytes()[2], b'f' | b'v' | b'X' | b'r' | 0x94 | 0xF5),
    };
    allowed_if(harmless, libc::EPERM)
}

fn clone(terms: FilterTerms, flags: i32) -> Expected {
    let namespace = libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWTIME;
    let inside = flags & namespace == 0 && flags & libc::CLONE_PARENT == 0;
    let thread = flags & libc::CLONE_THREAD != 0;
    allowed_if(inside && (thread || terms.processes), libc::EPERM)
}

/// A file that is emptied by opening it, though not for writing.
fn opened(terms: FilterTerms, flags: i32) -> Expected {
    let writes = matches!(flags & 3, 1 | 2);
    let empties = flags & libc::O_TRUNC != 0;
    allowed_if(!terms.truncate_by_path || !empties || writes, libc::EACCES)
}

/// Of a call of our own architecture.
pub(super) fn expected(terms: FilterTerms, call: u32, arguments: &[u64; 6]) -> Expected {
    if call > LAST {
        return Errno(libc::ENOSYS);
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(answer) = elder(terms, call, arguments) {
        return answer;
    }
    #[cfg(target_arch = "aarch64")]
    if matches!(call, 244..=259 | 295..=423) {
        return Errno(libc::ENOSYS);
    }
    let [first, second, third, fourth, ..] = arguments.map(int);
    match i64::from(call) {
        libc::SYS_clone => clone(terms, first),
        libc::SYS_clone3
        | libc::SYS_io_uring_setup
        | libc::SYS_io_uring_enter
        | libc::SYS_io_uring_register
        | 457
        | 458 => Errno(libc::ENOSYS),
        libc::SYS_socket => socket(terms, first, second, third),
        libc::SYS_socketpair => {
            let kind = second & !(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK);
            let pair = matches!(kind, libc::SOCK_STREAM | libc::SOCK_SEQPACKET);
            allowed_if(first == libc::AF_UNIX && pair, libc::EACCES)
        }
        libc::SYS_connect => match terms.net {
            NetAccess::Closed => Errno(libc::EACCES),
            NetAccess::Supervised => Notify,
            NetAccess::Open => Allow,
        },
        libc::SYS_bind => allowed_if(terms.net == NetAccess::Open, libc::EACCES),
        libc::SYS_sendto | libc::SYS_sendmmsg => {
            allowed_if(fourth & libc::MSG_FASTOPEN == 0, libc::EPERM)
        }
        libc::SYS_sendmsg => allowed_if(third & libc::MSG_FASTOPEN == 0, libc::EPERM),
        // TCP_FASTOPEN_CONNECT, TCP_ULP; IPV6_2292RTHDR, IPV6_2292PKTOPTIONS, IPV6_RTHDR.
        libc::SYS_setsockopt => match second {
            libc::SOL_TCP => allowed_if(!matches!(third, 30 | 31), libc::EPERM),
            41 => allowed_if(!matches!(third, 5 | 6 | 57), libc::EPERM),
            _ => Allow,
        },
        // Shared (1 and 3) and of no file (0x20).
        libc::SYS_mmap => {
            let hidden = fourth & 0x20 != 0 && fourth & 1 != 0;
            allowed_if(terms.shared_memory || !hidden, libc::EPERM)
        }
        libc::SYS_prctl => allowed_if(first != libc::PR_SET_PDEATHSIG, libc::EPERM),
        libc::SYS_ioctl => ioctl(second.cast_unsigned()),
        // F_SETOWN, F_SETOWN_EX, F_SETLEASE, F_SETDELEG.
        libc::SYS_fcntl => allowed_if(!matches!(second, 8 | 15 | 1024 | 1040), libc::EPERM),
        libc::SYS_fchmod | libc::SYS_fchmodat | 452 | libc::SYS_utimensat => {
            if terms.supervised_metadata { Notify } else { Errno(libc::EPERM) }
        }
        libc::SYS_inotify_add_watch => allowed_if(terms.watch_files, libc::EACCES),
        libc::SYS_getxattr
        | libc::SYS_lgetxattr
        | libc::SYS_fgetxattr
        | 464
        | libc::SYS_listxattr
        | libc::SYS_llistxattr
        | libc::SYS_flistxattr
        | 465 => allowed_if(terms.watch_files, libc::EOPNOTSUPP),
        libc::SYS_setxattr
        | libc::SYS_lsetxattr
        | libc::SYS_fsetxattr
        | 463
        | libc::SYS_removexattr
        | libc::SYS_lremovexattr
        | libc::SYS_fremovexattr
        | 466 => Errno(libc::EOPNOTSUPP),
        libc::SYS_prlimit64
        | libc::SYS_sched_setparam
        | libc::SYS_sched_setscheduler
        | libc::SYS_sched_setattr
        | libc::SYS_sched_setaffinity
        | libc::SYS_get_robust_list
        | libc::SYS_move_pages
        | libc::SYS_migrate_pages => allowed_if(first == 0, libc::EPERM),
        libc::SYS_kill if terms.scoped_signals => allowed_if(first != 0, libc::EPERM),
        libc::SYS_kill
        | libc::SYS_tkill
        | libc::SYS_tgkill
        | libc::SYS_rt_sigqueueinfo
        | libc::SYS_rt_tgsigqueueinfo => {
            allowed_if(terms.scoped_signals || first == OWN_PID, libc::EPERM)
        }
        libc::SYS_pidfd_send_signal => allowed_if(terms.scoped_signals, libc::EPERM),
        libc::SYS_truncate => allowed_if(!terms.truncate_by_path, libc::EACCES),
        libc::SYS_openat => opened(terms, third),
        libc::SYS_openat2 => allowed_if(!terms.truncate_by_path, libc::ENOSYS),
        other => allowed_if(!never_allowed(other), libc::EPERM),
    }
}

/// Whatever the terms and the arguments.
fn never_allowed(call: i64) -> bool {
    match call {
        libc::SYS_setsid
        | libc::SYS_setpgid
        | libc::SYS_setpriority
        | libc::SYS_ioprio_set
        | libc::SYS_listen
        | libc::SYS_accept
        | libc::SYS_accept4
        | libc::SYS_ptrace
        | libc::SYS_process_vm_readv
        | libc::SYS_process_vm_writev
        | libc::SYS_pidfd_getfd
        | libc::SYS_kcmp
        | libc::SYS_process_madvise
        | libc::SYS_bpf
        | libc::SYS_perf_event_open
        | libc::SYS_userfaultfd
        | libc::SYS_keyctl
        | libc::SYS_add_key
        | libc::SYS_request_key
        | libc::SYS_vmsplice
        | libc::SYS_acct
        | libc::SYS_syslog
        | libc::SYS_quotactl
        | libc::SYS_sethostname
        | libc::SYS_setdomainname
        | libc::SYS_clock_settime
        | libc::SYS_clock_adjtime
        | libc::SYS_settimeofday
        | libc::SYS_adjtimex
        // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick; mount_setattr, quotactl_fd,
        // memfd_secret, open_tree_attr.
        | 428..=433 | 442 | 443 | 447 | 467 => true,
        other => metadata(other) || old_mounts(other) || named_objects(other) || machine(other),
    }
}

/// Owners; modes and times may be the supervisor's.
fn metadata(call: i64) -> bool {
    [libc::SYS_fchown, libc::SYS_fchownat, 469].contains(&call)
}

fn old_mounts(call: i64) -> bool {
    let mounts = [libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_chroot];
    let namespaces = [libc::SYS_setns, libc::SYS_unshare];
    let watches = [libc::SYS_open_by_handle_at, libc::SYS_fanotify_init];
    mounts.contains(&call) || namespaces.contains(&call) || watches.contains(&call)
}

/// What other processes of the user can have by a number or a name.
fn named_objects(call: i64) -> bool {
    let memory = [libc::SYS_shmget, libc::SYS_shmat, libc::SYS_shmctl, libc::SYS_shmdt];
    let messages = [libc::SYS_msgget, libc::SYS_msgsnd, libc::SYS_msgrcv, libc::SYS_msgctl];
    let counters = [libc::SYS_semget, libc::SYS_semop, libc::SYS_semtimedop, libc::SYS_semctl];
    let queues = [libc::SYS_mq_open, libc::SYS_mq_unlink, libc::SYS_memfd_create];
    [memory, messages, counters].iter().any(|kind| kind.contains(&call)) || queues.contains(&call)
}

fn machine(call: i64) -> bool {
    let kexec_file_load = if cfg!(target_arch = "x86_64") { 320 } else { 294 };
    let kernel = [libc::SYS_kexec_load, kexec_file_load, libc::SYS_reboot];
    let modules = [libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module];
    kernel.contains(&call)
        || modules.contains(&call)
        || matches!(call, libc::SYS_swapon | libc::SYS_swapoff)
}

/// Calls that only this architecture has, by the numbers in its table.
#[cfg(target_arch = "x86_64")]
fn elder(terms: FilterTerms, call: u32, arguments: &[u64; 6]) -> Option<Expected> {
    Some(match call {
        // open
        2 => opened(terms, int(arguments[1])),
        // fork, vfork
        57 | 58 => allowed_if(terms.processes, libc::EPERM),
        // chmod, utime, utimes, futimesat
        90 | 132 | 235 | 261 if terms.supervised_metadata => Notify,
        // The same unsupervised; chown, lchown; uselib, modify_ldt, iopl, ioperm; create_module,
        // get_kernel_syms, query_module.
        90 | 132 | 235 | 261 | 92 | 94 | 134 | 154 | 172 | 173 | 174 | 177 | 178 => {
            Errno(libc::EPERM)
        }
        337..=423 => Errno(libc::ENOSYS),
        _ => return None,
    })
}
