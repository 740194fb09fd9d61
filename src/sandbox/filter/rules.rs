//! The system calls whose answer depends on an argument.

use super::assembler::{Assembler, Place};
use super::numbers::low;
use super::{FilterTerms, NetAccess};

/// What an argument is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// Threads, and processes if they are granted; no namespaces.
    Clone,
    /// Everything but the signal that comes when the parent ends.
    Prctl,
    /// No memory that is shared and no file's.
    Map,
    /// No input for terminals, no metadata of files.
    Ioctl,
    /// No signals and no waiting for others by way of a descriptor.
    Fcntl,
    /// The first argument is 0.
    OnlyCaller,
    /// The first argument is the child itself.
    OnlyOwnPid,
    /// The first argument is not the caller's whole group.
    NotGroup,
    Socket,
    SocketPair,
    SocketOption,
    SendFlagsThird,
    SendFlagsFourth,
    #[cfg(target_arch = "x86_64")]
    OpenFlagsSecond,
    OpenFlagsThird,
}

/// An `int` as the filter sees it.
const fn word(value: libc::c_int) -> u32 {
    value.cast_unsigned()
}

/// All kinds of namespaces; that of clocks is in what was the signal's byte. A process that was made
/// a child of the caller's parent would be one of the host's own.
const NAMESPACES_AND_PARENT: u32 = 0x7E02_0080 | word(libc::CLONE_PARENT);

/// Requests to the kernel about descriptors. The types are those of the requests of file systems:
/// `f` ext4 and most others, `v` versions, `X` XFS and what was its own, `r` FAT, then btrfs and F2FS.
/// Many change files through a descriptor that only reads, on the word of owner and mode: flags,
/// verity, encryption, snapshots. So of them only those that are known to change nothing, or to need
/// a descriptor that writes, are allowed.
const FILE_SYSTEM_TYPES: [u32; 6] = [0x6600, 0x7600, 0x5800, 0x7200, 0x9400, 0xF500];
const FILE_SYSTEM_ALLOWED: [u32; 6] = [
    // GETFLAGS, FIEMAP, FSGETXATTR
    0x8008_6601,
    0xC020_660B,
    0x801C_581F,
    // FICLONE, FICLONERANGE, FIDEDUPERANGE
    0x4004_9409,
    0x4020_940D,
    0xC018_9436,
];
/// TIOCSTI and TIOCLINUX put input into a terminal, TIOCSETD loads drivers, FIOSETOWN and SIOCSPGRP
/// choose whom a descriptor signals.
const TERMINAL_AND_OWNER: [u32; 5] = [0x5412, 0x541C, 0x5423, 0x8901, 0x8902];

/// Whom a descriptor signals (with any signal, `F_SETSIG`), and leases, which make others who open
/// the file wait for most of a minute; `F_SETDELEG` is one by another name.
const OWNER_AND_LEASES: [u32; 4] =
    [word(libc::F_SETOWN), 15, word(libc::F_SETLEASE), word(libc::F_SETLEASE) + 16];

/// Opens a connection with the first data, past Landlock and the supervisor.
const MSG_FASTOPEN: u32 = 0x2000_0000;
/// Not the C library's name, of which one kind has another bit in it.
const ACCESS_MODE: u32 = 3;
const SOCKET_FLAGS: u32 = word(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC);

pub(super) fn emit(rule: Rule, terms: FilterTerms, a: &mut Assembler) {
    match rule {
        Rule::Clone => {
            a.load(low(0));
            a.if_any(NAMESPACES_AND_PARENT, Place::EPERM);
            if !terms.processes {
                a.unless_any(word(libc::CLONE_THREAD), Place::EPERM);
            }
            a.go(Place::ALLOW);
        }
        Rule::Prctl => {
            a.load(low(0));
            refuse_each(&[word(libc::PR_SET_PDEATHSIG)], a);
        }
        Rule::Map => {
            // With `MAP_SHARED_VALIDATE` a mapping without a file is refused by the kernel, but all three
            // types are told apart by two bits.
            a.load(low(3));
            a.unless_any(word(libc::MAP_ANONYMOUS), Place::ALLOW);
            a.if_any(word(libc::MAP_SHARED), Place::EPERM);
            a.go(Place::ALLOW);
        }
        Rule::Ioctl => {
            a.load(low(1));
            for request in TERMINAL_AND_OWNER {
                a.if_equal(request, Place::EPERM);
            }
            for request in FILE_SYSTEM_ALLOWED {
                a.if_equal(request, Place::ALLOW);
            }
            a.keep(0xFF00);
            refuse_each(&FILE_SYSTEM_TYPES, a);
        }
        Rule::Fcntl => {
            a.load(low(1));
            refuse_each(&OWNER_AND_LEASES, a);
        }
        Rule::OnlyCaller => {
            a.load(low(0));
            a.if_equal(0, Place::ALLOW);
            a.go(Place::EPERM);
        }
        Rule::OnlyOwnPid => {
            a.load(low(0));
            a.if_own_pid(Place::ALLOW);
            a.go(Place::EPERM);
        }
        Rule::NotGroup => {
            // All of the tree is one group. Who signals its own believes it has another.
            a.load(low(0));
            refuse_each(&[0], a);
        }
        Rule::Socket => socket(terms, a),
        Rule::SocketPair => socket_pair(a),
        Rule::SocketOption => socket_option(a),
        Rule::SendFlagsThird => send(low(2), a),
        Rule::SendFlagsFourth => send(low(3), a),
        #[cfg(target_arch = "x86_64")]
        Rule::OpenFlagsSecond => open(low(1), a),
        Rule::OpenFlagsThird => open(low(2), a),
    }
}

fn refuse_each(values: &[u32], a: &mut Assembler) {
    for value in values {
        a.if_equal(*value, Place::EPERM);
    }
    a.go(Place::ALLOW);
}

/// The kinds whose peers a policy can judge: TCP, and UDP when it need not.
fn socket(terms: FilterTerms, a: &mut Assembler) {
    let (internet, datagram) = (a.place(), a.place());
    a.load(low(0));
    a.if_equal(word(libc::AF_INET), internet);
    a.unless_equal(word(libc::AF_INET6), Place::EACCES);
    a.mark(internet);
    a.load(low(1));
    a.keep(!SOCKET_FLAGS);
    if terms.net == NetAccess::Open {
        a.if_equal(word(libc::SOCK_DGRAM), datagram);
    }
    a.unless_equal(word(libc::SOCK_STREAM), Place::EACCES);
    // Nobody is asked about a socket that nobody may have.
    let supervised = terms.net == NetAccess::Supervised && terms.supervised_sockets;
    let granted = if supervised { Place::NOTIFY } else { Place::ALLOW };
    // 0 is TCP too; the others are MPTCP, SCTP and SMC, whose connections Landlock does not judge.
    a.load(low(2));
    a.if_equal(0, granted);
    a.if_equal(word(libc::IPPROTO_TCP), granted);
    a.go(Place::EACCES);
    if terms.net == NetAccess::Open {
        a.mark(datagram);
        a.load(low(2));
        a.if_equal(0, Place::ALLOW);
        a.if_equal(word(libc::IPPROTO_UDP), Place::ALLOW);
        a.go(Place::EACCES);
    }
}

/// Pairs that stay pairs. A datagram socket could send to any other by its path, and `SOCK_RAW` is a
/// datagram socket in this family.
fn socket_pair(a: &mut Assembler) {
    a.load(low(0));
    a.unless_equal(word(libc::AF_UNIX), Place::EACCES);
    a.load(low(1));
    a.keep(!SOCKET_FLAGS);
    a.if_equal(word(libc::SOCK_STREAM), Place::ALLOW);
    a.if_equal(word(libc::SOCK_SEQPACKET), Place::ALLOW);
    a.go(Place::EACCES);
}

/// Of TCP: a connection that opens with the first write, and other protocols put over it. Of IPv6: a
/// route, which would lead to another host than the one that was judged.
fn socket_option(a: &mut Assembler) {
    const ROUTES: [u32; 3] = [word(libc::IPV6_RTHDR), word(libc::IPV6_2292RTHDR), 6];
    let tcp = a.place();
    a.load(low(1));
    a.if_equal(word(libc::IPPROTO_TCP), tcp);
    a.unless_equal(word(libc::IPPROTO_IPV6), Place::ALLOW);
    a.load(low(2));
    refuse_each(&ROUTES, a);
    a.mark(tcp);
    a.load(low(2));
    refuse_each(&[word(libc::TCP_FASTOPEN_CONNECT), word(libc::TCP_ULP)], a);
}

fn send(flags: u32, a: &mut Assembler) {
    a.load(flags);
    a.if_any(MSG_FASTOPEN, Place::EPERM);
    a.go(Place::ALLOW);
}

/// `O_TRUNC` empties a file that is opened only for reading, or for neither (mode 3), and Landlock
/// would ask whether it may be read.
fn open(flags: u32, a: &mut Assembler) {
    a.load(flags);
    a.unless_any(word(libc::O_TRUNC), Place::ALLOW);
    a.keep(ACCESS_MODE);
    a.if_equal(word(libc::O_WRONLY), Place::ALLOW);
    a.if_equal(word(libc::O_RDWR), Place::ALLOW);
    a.go(Place::EACCES);
}
