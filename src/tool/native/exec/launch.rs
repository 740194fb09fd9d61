//! Starts a checked command and waits for its end: the seam to the process room.

#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

#[cfg(target_os = "linux")]
use crate::process::{Command, Limits, run_blocking};
use crate::tool::native::error::NativeError;

/// Memory of the whole tree of processes.
#[cfg(target_os = "linux")]
const MEMORY_BYTES: u64 = 256 * 1_048_576;
/// The commands start none of their own.
#[cfg(target_os = "linux")]
const PROCESSES: u32 = 4;
#[cfg(target_os = "linux")]
const OPEN_FILES: u64 = 256;
/// Read from stdout and stderr before the command is ended; what is kept is less.
#[cfg(target_os = "linux")]
const MAX_PRINTED: u64 = 64 * 1_048_576;
/// Descriptors 0 to 3 of a program are made before it enters its folder.
#[cfg(target_os = "linux")]
const FIRST_FREE: i32 = 4;

/// A command that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code, if it ended by itself.
    pub(super) exit_code: Option<i32>,
    /// Its time was over.
    pub(super) timed_out: bool,
    /// What it printed, the middle left out where it is too long.
    pub(super) stdout: String,
    /// The same of stderr.
    pub(super) stderr: String,
    /// Part of stdout was left out.
    pub(super) stdout_truncated: bool,
    /// Part of stderr was left out.
    pub(super) stderr_truncated: bool,
    /// From the launch to the end.
    pub(super) duration: Duration,
}

/// Runs a program in an opened folder with exactly these arguments and this environment.
#[cfg(target_os = "linux")]
pub(super) fn run(
    program: &Path,
    arguments: &[String],
    environment: &[(String, String)],
    folder: OwnedFd,
    timeout: Duration,
    capture_bytes: usize,
) -> Result<Ended, NativeError> {
    let failed = || NativeError::internal("the command could not be started");
    let folder = above_the_standard_ones(folder).map_err(|_| failed())?;
    let limits = Limits {
        memory_bytes: Some(MEMORY_BYTES),
        data_bytes: Some(MEMORY_BYTES),
        processes: PROCESSES,
        open_files: OPEN_FILES,
        // They have nothing to write.
        file_bytes: 0,
        cpu: Some(timeout),
        capture_bytes,
        log_bytes: MAX_PRINTED,
    };
    // By its descriptor: the folder that was checked, wherever its name leads by now.
    let path = format!("/proc/self/fd/{}", folder.as_raw_fd());
    let environment = environment.iter().map(|(name, value)| (name, value));
    let command = Command::new(program, arguments, environment, Path::new(&path), limits)
        .ok_or_else(failed)?;
    let finished = run_blocking(command, timeout).map_err(|_| failed())?;
    Ok(Ended {
        exit_code: finished.exit.and_then(|exit| exit.code),
        timed_out: finished.timed_out,
        stdout_truncated: finished.report.stdout.dropped > 0 || finished.stopped.is_some(),
        stderr_truncated: finished.report.stderr.dropped > 0,
        stdout: finished.report.stdout.text,
        stderr: finished.report.stderr.text,
        duration: finished.duration,
    })
}

/// Elsewhere there is nothing yet that could bound and end a command.
#[cfg(not(target_os = "linux"))]
pub(super) fn run(
    _: &Path,
    _: &[String],
    _: &[(String, String)],
    _: OwnedFd,
    _: Duration,
    _: usize,
) -> Result<Ended, NativeError> {
    Err(NativeError::not_allowed("exec needs Linux".to_owned()).because("platform"))
}

#[cfg(target_os = "linux")]
fn above_the_standard_ones(folder: OwnedFd) -> std::io::Result<OwnedFd> {
    let mut held = Vec::new();
    let mut folder = folder;
    while folder.as_raw_fd() < FIRST_FREE {
        let next = folder.try_clone()?;
        held.push(std::mem::replace(&mut folder, next));
    }
    Ok(folder)
}
