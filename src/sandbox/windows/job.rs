//! The job object itself.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_JOB_MEMORY,
    JOB_OBJECT_LIMIT_JOB_TIME, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};

use super::{
    ACTIVE_PROCESS, DIE_ON_UNHANDLED_EXCEPTION, JOB_MEMORY, JOB_TIME, JobLimits, KILL_ON_JOB_CLOSE,
};

const _: () = assert!(
    JOB_TIME == JOB_OBJECT_LIMIT_JOB_TIME
        && ACTIVE_PROCESS == JOB_OBJECT_LIMIT_ACTIVE_PROCESS
        && JOB_MEMORY == JOB_OBJECT_LIMIT_JOB_MEMORY
        && DIE_ON_UNHANDLED_EXCEPTION == JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
        && KILL_ON_JOB_CLOSE == JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    "the system's own numbers"
);

/// A job with limits. Its processes end when it is dropped.
#[derive(Debug)]
pub(crate) struct Job(OwnedHandle);

impl Job {
    /// A job without processes.
    pub(crate) fn new(limits: JobLimits) -> io::Result<Job> {
        // SAFETY: takes no structure and no name; what it gives is a new handle, or null.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new, and nobody else closes it.
        let job = Job(unsafe { OwnedHandle::from_raw_handle(handle) });
        let mut told = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        told.BasicLimitInformation.LimitFlags = limits.limit_flags;
        told.BasicLimitInformation.ActiveProcessLimit = limits.active_process_limit;
        told.BasicLimitInformation.PerJobUserTimeLimit = limits.per_job_user_time_limit;
        told.JobMemoryLimit = limits.job_memory_limit;
        let size = u32::try_from(size_of_val(&told)).map_err(io::Error::other)?;
        // SAFETY: the structure is of the kind that the class names, and of the size that is told.
        let done = unsafe {
            SetInformationJobObject(
                job.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const told).cast(),
                size,
            )
        };
        checked(done).map(|()| job)
    }

    /// Takes a process in. It must have been started suspended: what it starts before it is in the job
    /// is never in it.
    pub(crate) fn take_in(&self, process: BorrowedHandle<'_>) -> io::Result<()> {
        // SAFETY: two handles that are held.
        checked(unsafe {
            AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle())
        })
    }

    /// Ends every process of it.
    pub(crate) fn end(&self, exit_code: u32) -> io::Result<()> {
        // SAFETY: a handle that is held.
        checked(unsafe { TerminateJobObject(self.0.as_raw_handle(), exit_code) })
    }
}

fn checked(done: i32) -> io::Result<()> {
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
