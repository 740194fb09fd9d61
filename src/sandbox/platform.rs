//! What systems other than Linux keep of permissions.

/// What a system's half of the sandbox comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backend {
    /// What a set that is not granted in full is refused with, as the beginning of a sentence.
    pub lacking: &'static str,
    /// What there is, for people.
    pub state: &'static str,
}

/// By the name of `std::env::consts::OS`.
pub(crate) fn backend(os: &str) -> Backend {
    match os {
        // Changes with the first run on such a machine, and not before.
        "macos" => Backend {
            lacking: "this version has no proven means on macOS",
            state: "tools do not run on macOS yet: the Seatbelt profile and the proxy that are to \
                    keep their permissions are written and have not been run there",
        },
        "windows" => Backend {
            lacking: "this version has no means on Windows",
            state: "tools do not run on Windows yet: the job object that is to keep their limits is \
                    written and has not been run there, and nothing is to keep permissions for \
                    files, programs and the network",
        },
        _ => Backend {
            lacking: "this version has no means on this system",
            state: "tools do not run on this system: permissions for files, programs and the \
                    network are kept on Linux",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::PermissionSet;

    #[test]
    fn what_is_not_granted_in_full_is_refused_everywhere_and_says_why() {
        let set = PermissionSet::from_flags(&["--allow-read=./a", "--allow-net"]).unwrap();
        for (os, name) in [("macos", "macOS"), ("windows", "Windows"), ("freebsd", "this system")] {
            let backend = backend(os);
            assert!(backend.state.contains(name), "{os}: {}", backend.state);
            let refused = set.unenforceable(backend.lacking);
            let flags: Vec<&str> = refused.iter().map(|one| one.flag.as_str()).collect();
            assert_eq!(flags, ["--allow-read=./a", "--allow-write", "--allow-run"], "{os}");
            assert!(refused.iter().all(|one| one.reason.contains(name)), "{os}: {refused:?}");
            let all = PermissionSet::from_flags(&["--allow-all"]).unwrap();
            assert_eq!(all.unenforceable(backend.lacking), [], "{os}");
        }
    }
}
