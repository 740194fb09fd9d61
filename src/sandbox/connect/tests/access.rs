//! The ways to a child's sockets where duplicates are forbidden.

use super::names::{ask, reach, reached};
use super::*;

const WITH_SOCKET: &[i64] = &[libc::SYS_connect, libc::SYS_socket];

/// What holds either way: names, ports, both families, sockets that do not wait.
fn matrix(access: SocketAccess, numbers: &[i64]) {
    let (mut door, mut other) = (Door::open(ALLOWED), Door::open(OTHER));
    let (a, b) = (door.port, other.port);
    let list =
        [format!("--allow-net=127.0.0.2:{a},a.test:{a}"), "--allow-private=a.test".to_owned()];
    let setup = setup_by(&list, hosts(&[("a.test", &["127.0.0.2"])]), 3, access);
    let (good, bad) = (ask("a.test"), ask("b.test"));
    let child = setup.run_with(numbers, |notes| {
        call::note(notes, 0, call::connect(ALLOWED, a));
        call::note(notes, 1, call::connect(OTHER, b));
        call::note(notes, 2, call::connect_v6(ALLOWED.to_ipv6_mapped().octets(), a));
        call::note(notes, 3, call::connect_v6(OTHER.to_ipv6_mapped().octets(), b));
        call::note(notes, 4, call::connect_on(999, ALLOWED, a));
        call::note(notes, 5, call::connect_on(0, ALLOWED, a));
        reach(notes, 10, &good, a);
        reach(notes, 13, &bad, a);
        let fd = call::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK);
        call::note(notes, 20, call::connect_on(fd, ALLOWED, a));
        let mut wait = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
        // SAFETY: waits for one descriptor, and asks for its flags and its peer.
        unsafe {
            call::note(notes, 21, libc::poll(&raw mut wait, 1, 10_000).into());
            let flags = libc::fcntl(fd, libc::F_GETFL) & libc::O_NONBLOCK;
            call::note(notes, 22, flags.into());
            let close = libc::fcntl(fd, libc::F_GETFD);
            call::note(notes, 23, close.into());
        }
    });
    let notes: Vec<i64> = (0..6).map(|number| child.note(number)).collect();
    let (bad, none) = (-i64::from(libc::EBADF), -i64::from(libc::ENOTSOCK));
    assert_eq!(notes[..5], [0, EACCES, 0, EACCES, bad]);
    assert!(notes[5] == none || notes[5] == bad, "{}", notes[5]);
    assert_eq!(reached(&child, 10), (0, Some(0)));
    assert_eq!(reached(&child, 13).0, i64::from(message::REFUSED));
    assert_eq!(child.note(20), -i64::from(libc::EINPROGRESS));
    assert_eq!((child.note(21), child.note(22)), (1, libc::O_NONBLOCK.into()));
    assert_eq!(child.note(23), 0);
    assert_eq!((door.close(), other.close()), (4, 0));
}

#[test]
fn a_socket_is_replaced() {
    matrix(SocketAccess::Replace, CONNECT);
}

#[test]
fn a_socket_is_held() {
    matrix(SocketAccess::Held, WITH_SOCKET);
}

#[test]
fn a_held_socket_is_the_childs_own() {
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let list = flags(&["--allow-net=127.0.0.2"]);
    let setup = setup_by(&list, hosts(&[]), 1000, SocketAccess::Held);
    let child = setup.run_with(WITH_SOCKET, |notes| {
        let keep = |fd: i32| {
            let (mut value, mut length) = (0_i32, 4);
            // SAFETY: asks for one number.
            unsafe {
                libc::getsockopt(
                    fd,
                    libc::SOL_SOCKET,
                    libc::SO_KEEPALIVE,
                    (&raw mut value).cast(),
                    &raw mut length,
                );
            }
            i64::from(value)
        };
        let first = call::socket(libc::AF_INET, libc::SOCK_STREAM);
        let on = 1_i32;
        // SAFETY: sets an option, and duplicates a descriptor.
        let twin = unsafe {
            let value = (&raw const on).cast();
            libc::setsockopt(first, libc::SOL_SOCKET, libc::SO_KEEPALIVE, value, 4);
            libc::dup(first)
        };
        call::note(notes, 0, call::connect_on(twin, ALLOWED, port));
        call::note(notes, 1, keep(first));
        // One that is held no more is replaced.
        let old = call::socket(libc::AF_INET, libc::SOCK_STREAM);
        for _ in 0..300 {
            call::close(call::socket(libc::AF_INET, libc::SOCK_STREAM));
        }
        call::note(notes, 3, call::connect_on(old, ALLOWED, port));
        for (number, (family, kind)) in [
            (libc::AF_INET, libc::SOCK_DGRAM),
            (libc::AF_UNIX, libc::SOCK_STREAM),
            (libc::AF_INET, libc::SOCK_RAW),
            (libc::AF_NETLINK, libc::SOCK_RAW),
        ]
        .into_iter()
        .enumerate()
        {
            call::note(notes, 10 + number, call::socket(family, kind).into());
        }
        let close = call::socket(libc::AF_INET6, libc::SOCK_STREAM | libc::SOCK_CLOEXEC);
        // SAFETY: asks for flags.
        call::note(notes, 4, unsafe { libc::fcntl(close, libc::F_GETFD) }.into());
    });
    assert_eq!((child.note(0), child.note(1), child.note(3), child.note(4)), (0, 1, 0, 1));
    for number in 10..14 {
        assert!(child.note(number) < 0, "{number}");
    }
    // The child is gone, and nothing of ours keeps its connections open.
    assert_eq!(setup.network.inner.access.count(), 256);
    assert!(door.close() >= 2);
}

fn is_root() -> bool {
    // SAFETY: asks for a number.
    unsafe { libc::geteuid() == 0 }
}

/// A process that is not root reads no memory of a child that forbids it; root does.
#[test]
fn a_child_that_hides_itself_is_refused() {
    if is_root() {
        eprintln!("left out: root reads every process; all of this room runs as another user too");
        return;
    }
    for (access, numbers) in [
        (SocketAccess::Duplicate, CONNECT),
        (SocketAccess::Held, WITH_SOCKET),
        (SocketAccess::Replace, CONNECT),
    ] {
        let mut door = Door::open(ALLOWED);
        let port = door.port;
        let list = flags(&["--allow-net=127.0.0.2"]);
        let setup = setup_by(&list, hosts(&[]), 10, access);
        let child = setup.run_with(numbers, |notes| {
            call::note(notes, 0, call::connect(ALLOWED, port));
            // SAFETY: a system call.
            unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
            call::note(notes, 1, call::connect(ALLOWED, port));
        });
        assert_eq!((child.note(0), child.note(1)), (0, EACCES), "{access:?}");
        assert_eq!(door.close(), 1);
    }
}

/// Runs every test of this room again as a user without any power.
#[test]
fn all_of_this_holds_as_nobody() {
    const NOBODY: u32 = 65534;
    if !is_root() {
        eprintln!("left out: this is not root, so the other tests ran without power anyway");
        return;
    }
    let arguments = [c"test", c"sandbox::", c"--skip", c"as_nobody", c"--test-threads", c"2"];
    let mut pointers: Vec<*const libc::c_char> = arguments.iter().map(|one| one.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // Leaks are looked for by the outer run, which can look a second time.
    let no_leaks = c"ASAN_OPTIONS=detect_leaks=0";
    let environment = [c"RUST_BACKTRACE=0".as_ptr(), no_leaks.as_ptr(), std::ptr::null()];
    let (mut ends, mut status) = ([-1; 2], 0);
    // SAFETY: the child makes system calls alone and becomes another program.
    let output = unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        let pid = libc::fork();
        if pid == 0 {
            libc::dup2(ends[1], 1);
            libc::dup2(ends[1], 2);
            libc::syscall(libc::SYS_setgroups, 0, 0);
            libc::syscall(libc::SYS_setresgid, NOBODY, NOBODY, NOBODY);
            libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY);
            libc::execve(c"/proc/self/exe".as_ptr(), pointers.as_ptr(), environment.as_ptr());
            libc::_exit(126);
        }
        libc::close(ends[1]);
        let mut output = Vec::new();
        let mut buffer = [0_u8; 4096];
        loop {
            let count = libc::read(ends[0], buffer.as_mut_ptr().cast(), buffer.len());
            match usize::try_from(count) {
                Ok(count) if count > 0 => output.extend(&buffer[..count]),
                _ => break,
            }
        }
        libc::close(ends[0]);
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        String::from_utf8_lossy(&output).into_owned()
    };
    assert_eq!(status, 0, "{output}");
    assert!(output.contains("a_child_that_hides_itself_is_refused ... ok"), "{output}");
}
