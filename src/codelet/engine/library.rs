//! The library itself, once loaded, stays.

/// The file that this code was loaded from.
#[cfg(unix)]
pub(crate) fn own_file() -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: asks the loader about our own code; the name lives as long as the library, which is
    // copied here.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        let here = own_file as fn() -> Option<std::path::PathBuf> as *const libc::c_void;
        if libc::dladdr(here, &raw mut info) == 0 || info.dli_fname.is_null() {
            return None;
        }
        let name = std::ffi::CStr::from_ptr(info.dli_fname).to_bytes();
        Some(std::ffi::OsStr::from_bytes(name).into())
    }
}

/// Keeps the library in memory until the process ends: its threads outlive any environment that
/// loaded it, and a host may unload an addon when such an environment ends.
pub(crate) fn keep_loaded() {
    #[cfg(unix)]
    // SAFETY: asks the loader about our own code and takes one more reference, never given back.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        let here = keep_loaded as fn() as *const libc::c_void;
        if libc::dladdr(here, &raw mut info) != 0 && !info.dli_fname.is_null() {
            libc::dlopen(info.dli_fname, libc::RTLD_NOW | libc::RTLD_NODELETE);
        }
    }
}
