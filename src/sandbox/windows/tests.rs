//! What a job is told.

use std::time::Duration;

use super::{JobLimits, Limits};
use crate::permission::PermissionSet;
use crate::sandbox::platform;

fn told(memory_bytes: Option<u64>, processes: u32, cpu: Option<Duration>) -> JobLimits {
    JobLimits::new(&Limits { memory_bytes, processes, cpu })
}

#[test]
fn limits_are_told_in_the_units_of_the_system() {
    let most = told(Some(256 << 20), 16, Some(Duration::from_millis(1500)));
    assert_eq!(
        most,
        JobLimits {
            limit_flags: 0x2000 | 0x400 | 0x200 | 0x8 | 0x4,
            job_memory_limit: 268_435_456,
            active_process_limit: 16,
            per_job_user_time_limit: 15_000_000,
        }
    );
    let least = told(None, 1, None);
    assert_eq!(
        least,
        JobLimits {
            limit_flags: 0x2000 | 0x400 | 0x8,
            job_memory_limit: 0,
            active_process_limit: 1,
            per_job_user_time_limit: 0,
        }
    );
}

#[test]
fn every_job_ends_with_its_handle_and_no_process_leaves_it() {
    const BREAKAWAY_OK: u32 = 0x800;
    const SILENT_BREAKAWAY_OK: u32 = 0x1000;
    for memory in [None, Some(0), Some(u64::MAX)] {
        for cpu in [None, Some(Duration::from_nanos(1)), Some(Duration::MAX)] {
            let told = told(memory, 0, cpu);
            assert_eq!(told.limit_flags & 0x2008, 0x2008, "{memory:?} {cpu:?}");
            assert_eq!(told.limit_flags & (BREAKAWAY_OK | SILENT_BREAKAWAY_OK), 0);
            assert_eq!(told.active_process_limit, 1);
            assert_eq!(told.limit_flags & 0x200 != 0, memory.is_some());
            assert_eq!(told.limit_flags & 0x4 != 0, cpu.is_some());
            // A limit that is told is never rounded down to none, nor wraps to a smaller one.
            assert_eq!(told.per_job_user_time_limit > 0, cpu.is_some());
        }
    }
    assert_eq!(told(None, 1, Some(Duration::MAX)).per_job_user_time_limit, i64::MAX);
}

#[test]
fn permissions_that_are_not_granted_in_full_are_refused() {
    let lacking = platform::backend("windows").lacking;
    let unenforceable = |flags: &[&str]| -> Vec<String> {
        let set = PermissionSet::from_flags(flags).unwrap();
        set.unenforceable(lacking).into_iter().map(|one| one.flag).collect()
    };
    assert_eq!(unenforceable(&["--allow-all"]), Vec::<String>::new());
    assert_eq!(unenforceable(&[]), ["--allow-read", "--allow-write", "--allow-net", "--allow-run"]);
    assert_eq!(unenforceable(&["-A", "--deny-net=a.test", "--deny-env=X"]), ["--deny-net=a.test"]);
    assert_eq!(
        unenforceable(&["--allow-read=./data", "--allow-write", "--allow-net", "--allow-run"]),
        ["--allow-read=./data"]
    );
}
