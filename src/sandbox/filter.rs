//! stub
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetAccess {
    Closed,
    Supervised,
    Open,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilterTerms {
    pub net: NetAccess,
    pub processes: bool,
    pub watch_files: bool,
    pub supervised_metadata: bool,
    pub scoped_signals: bool,
    pub truncate_by_path: bool,
}
pub(crate) struct Program {
    pub steps: Vec<libc::sock_filter>,
    pub notifies: bool,
    pub own_pid: Vec<usize>,
}
pub(crate) fn program(_: &FilterTerms) -> Program {
    let step = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    Program {
        steps: vec![step(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW)],
        notifies: false,
        own_pid: Vec::new(),
    }
}
