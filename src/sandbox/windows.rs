//! The limits of Windows: a job object, which every process of a tree is in.
//!
//! A job ends its processes when its last handle is closed, so none outlives the host. It keeps no
//! process from files, programs or the network: permissions that are not granted in full are refused
//! (see `platform`). Written after the system's documentation; not yet run there, so nothing starts
//! processes with it.

#[cfg(windows)]
mod job;
#[cfg(test)]
mod tests;

use std::time::Duration;

#[cfg(windows)]
pub(crate) use job::Job;

/// Bounds of one tree of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Memory that all of them have together; none means no limit.
    pub memory_bytes: Option<u64>,
    /// How many there are at a time.
    pub processes: u32,
    /// Time on processors that all of them spend together.
    pub cpu: Option<Duration>,
}

/// What a job is told, in the words and units of `JOBOBJECT_EXTENDED_LIMIT_INFORMATION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JobLimits {
    /// Which of the limits count.
    pub limit_flags: u32,
    /// Bytes, of all processes.
    pub job_memory_limit: usize,
    pub active_process_limit: u32,
    /// Units of 100 ns, of all processes.
    pub per_job_user_time_limit: i64,
}

// As the system names them, behind `JOB_OBJECT_LIMIT_`.
const JOB_TIME: u32 = 0x4;
const ACTIVE_PROCESS: u32 = 0x8;
const JOB_MEMORY: u32 = 0x200;
const DIE_ON_UNHANDLED_EXCEPTION: u32 = 0x400;
const KILL_ON_JOB_CLOSE: u32 = 0x2000;

impl JobLimits {
    /// Without leave to break away, which a process needs to start one outside the job.
    pub(crate) fn new(limits: &Limits) -> JobLimits {
        let mut limit_flags = ACTIVE_PROCESS | DIE_ON_UNHANDLED_EXCEPTION | KILL_ON_JOB_CLOSE;
        limit_flags |= if limits.memory_bytes.is_some() { JOB_MEMORY } else { 0 };
        limit_flags |= if limits.cpu.is_some() { JOB_TIME } else { 0 };
        let memory = limits.memory_bytes.unwrap_or(0);
        let ticks = limits.cpu.unwrap_or_default().as_nanos().div_ceil(100);
        JobLimits {
            limit_flags,
            job_memory_limit: usize::try_from(memory).unwrap_or(usize::MAX),
            // None at all would be a job that nothing can be put into.
            active_process_limit: limits.processes.max(1),
            per_job_user_time_limit: i64::try_from(ticks).unwrap_or(i64::MAX),
        }
    }
}
