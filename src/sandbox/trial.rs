//! Children for tests: they hand some of their system calls over and do what a test says.
//!
//! What runs in a child makes system calls alone, since it is forked from a process with threads.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, Ordering};

/// A child that hangs ends after this many seconds.
const SECONDS: u32 = 60;
/// Where a child keeps what it needs of its test.
const ABOVE: i32 = 500;
pub(crate) const CONNECT: &[i64] = &[libc::SYS_connect];

/// Memory that a child shares with its test.
pub(crate) type Notes = [AtomicI64; 64];

/// A child that waits to be let go.
pub(crate) struct Child {
    pub(crate) pid: libc::pid_t,
    pub(crate) notes: &'static Notes,
    pub(crate) listener: Option<OwnedFd>,
    go: OwnedFd,
    ended: bool,
}

fn pipe() -> (OwnedFd, OwnedFd) {
    let mut ends = [-1; 2];
    // SAFETY: makes two descriptors that nothing else knows.
    unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
    }
}

/// Starts a child under a filter that hands the calls of `numbers` over. `body` runs when the child is
/// let go.
pub(crate) fn fork(numbers: &[i64], body: impl FnOnce(&'static Notes)) -> Child {
    let kind = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping, kept for ever.
    let notes = unsafe { libc::mmap(null_mut(), size_of::<Notes>(), access, kind, -1, 0) };
    assert_ne!(notes, libc::MAP_FAILED);
    // SAFETY: as long as that, aligned, and zero.
    let notes: &'static Notes = unsafe { &*notes.cast::<Notes>() };
    let mut steps = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0)];
    for number in numbers {
        let number = u32::try_from(*number).unwrap();
        steps.push(step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, number, 0, 1));
        steps.push(step(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_USER_NOTIF, 0, 0));
    }
    steps.push(step(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0));
    let program =
        libc::sock_fprog { len: steps.len().try_into().unwrap(), filter: steps.as_mut_ptr() };
    let (from_child, to_test) = pipe();
    let (from_test, go) = pipe();
    // SAFETY: the child makes system calls alone, and ends without going back.
    let pid = unsafe {
        let pid = libc::fork();
        if pid == 0 {
            libc::alarm(SECONDS);
            // What other tests hold open must not stay open because of this child.
            libc::dup2(to_test.as_raw_fd(), ABOVE);
            libc::dup2(from_test.as_raw_fd(), ABOVE + 1);
            libc::syscall(libc::SYS_close_range, 3, ABOVE - 1, 0);
            libc::syscall(libc::SYS_close_range, ABOVE + 2, libc::c_uint::MAX, 0);
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE_RECV;
            let listener = libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const program,
            );
            libc::write(ABOVE, (&raw const listener).cast(), 8);
            let mut byte = 0_u8;
            libc::read(ABOVE + 1, (&raw mut byte).cast(), 1);
            // The listener is the test's from now on.
            libc::close(i32::try_from(listener).unwrap_or(-1));
            body(notes);
            libc::_exit(0);
        }
        pid
    };
    assert!(pid > 0, "{}", io::Error::last_os_error());
    let mut listener = 0_i64;
    // SAFETY: reads one number.
    let count = unsafe { libc::read(from_child.as_raw_fd(), (&raw mut listener).cast(), 8) };
    assert_eq!(count, 8);
    assert!(listener >= 0, "the filter was refused");
    // SAFETY: duplicates a descriptor of our child's.
    let listener = unsafe {
        let pidfd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        assert!(pidfd >= 0, "{}", io::Error::last_os_error());
        let pidfd = OwnedFd::from_raw_fd(i32::try_from(pidfd).unwrap());
        let fd = libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), listener, 0);
        assert!(fd >= 0, "{}", io::Error::last_os_error());
        OwnedFd::from_raw_fd(i32::try_from(fd).unwrap())
    };
    Child { pid, notes, listener: Some(listener), go, ended: false }
}

const WAIT_KILLABLE_RECV: libc::c_ulong = 1 << 5;

fn step(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code: code.try_into().unwrap(), jt, jf, k }
}

impl Child {
    pub(crate) fn go(&self) {
        let byte = 1_u8;
        // SAFETY: writes one byte.
        assert_eq!(unsafe { libc::write(self.go.as_raw_fd(), (&raw const byte).cast(), 1) }, 1);
    }

    /// Waits for its end; true when it came by itself.
    pub(crate) fn wait(&mut self) -> bool {
        let mut status = 0;
        // SAFETY: waits for our own child.
        assert_eq!(unsafe { libc::waitpid(self.pid, &raw mut status, 0) }, self.pid);
        self.ended = true;
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }

    pub(crate) fn finish(&mut self) {
        self.go();
        assert!(self.wait(), "the child was ended");
    }

    pub(crate) fn note(&self, number: usize) -> i64 {
        self.notes[number].load(Ordering::SeqCst)
    }

    pub(crate) fn kill(&self) {
        // SAFETY: our own child, which was not waited for.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
            self.wait();
        }
    }
}

/// The calls of a child.
pub(crate) mod call {
    use super::*;

    pub(crate) fn note(notes: &Notes, number: usize, value: i64) {
        notes[number].store(value, Ordering::SeqCst);
    }

    fn result(value: i64) -> i64 {
        // SAFETY: reads the thread's own number.
        if value < 0 { -i64::from(unsafe { *libc::__errno_location() }) } else { value }
    }

    pub(crate) fn socket(family: i32, kind: i32) -> i32 {
        // SAFETY: a system call.
        i32::try_from(result(i64::from(unsafe { libc::socket(family, kind, 0) }))).unwrap_or(-1)
    }

    pub(crate) fn close(fd: i32) {
        // SAFETY: a system call.
        unsafe { libc::close(fd) };
    }

    pub(crate) fn v4(ip: Ipv4Addr, port: u16) -> libc::sockaddr_in {
        libc::sockaddr_in {
            sin_family: 2,
            sin_port: port.to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(ip.octets()) },
            sin_zero: [0; 8],
        }
    }

    pub(crate) fn connect_raw<T>(fd: i32, address: *const T, length: u32) -> i64 {
        // SAFETY: a system call; what the kernel makes of the address is what is tested.
        result(unsafe { libc::syscall(libc::SYS_connect, fd, address, length) })
    }

    pub(crate) fn connect_on(fd: i32, ip: Ipv4Addr, port: u16) -> i64 {
        let address = v4(ip, port);
        connect_raw(fd, &raw const address, 16)
    }

    /// 0, or the negative of an errno.
    pub(crate) fn connect(ip: Ipv4Addr, port: u16) -> i64 {
        let fd = socket(libc::AF_INET, libc::SOCK_STREAM);
        let done = connect_on(fd, ip, port);
        close(fd);
        done
    }

    pub(crate) fn connect_v6(address: [u8; 16], port: u16) -> i64 {
        let fd = socket(libc::AF_INET6, libc::SOCK_STREAM);
        let address = libc::sockaddr_in6 {
            sin6_family: 10,
            sin6_port: port.to_be(),
            sin6_flowinfo: 0,
            sin6_addr: libc::in6_addr { s6_addr: address },
            sin6_scope_id: 0,
        };
        let done = connect_raw(fd, &raw const address, 28);
        close(fd);
        done
    }

    /// Sends a question to a name server; gives the answer's code (negative if there is none) and the
    /// address at its end.
    pub(crate) fn ask(fd: i32, question: &[u8]) -> (i64, Ipv4Addr) {
        let mut reply = [0_u8; 600];
        let (mut count, mut want) = (0, 2);
        let nothing = Ipv4Addr::UNSPECIFIED;
        let length = u16::try_from(question.len()).unwrap_or(0).to_be_bytes();
        // SAFETY: the kernel reads and writes memory of our own.
        unsafe {
            libc::send(fd, length.as_ptr().cast(), 2, libc::MSG_NOSIGNAL);
            libc::send(fd, question.as_ptr().cast(), question.len(), libc::MSG_NOSIGNAL);
            while count < want {
                let room = want - count;
                let got = libc::recv(fd, reply.as_mut_ptr().add(count).cast(), room, 0);
                if got <= 0 {
                    return (-1, nothing);
                }
                count += got.cast_unsigned();
                if count == 2 && want == 2 {
                    want = 2 + usize::from(u16::from_be_bytes([reply[0], reply[1]])).min(598);
                }
            }
        }
        let code = i64::from(reply[5] & 0xF);
        let records = u16::from_be_bytes([reply[8], reply[9]]);
        let end = [reply[count - 4], reply[count - 3], reply[count - 2], reply[count - 1]];
        (code, if records == 1 { Ipv4Addr::from(end) } else { nothing })
    }

    /// Asks for a name and connects to the address of the answer.
    pub(crate) fn look_up(question: &[u8]) -> (i64, Ipv4Addr) {
        let fd = socket(libc::AF_INET, libc::SOCK_STREAM);
        let done = connect_on(fd, Ipv4Addr::new(127, 0, 0, 53), 53);
        let found = if done == 0 { ask(fd, question) } else { (done, Ipv4Addr::UNSPECIFIED) };
        close(fd);
        found
    }
}
