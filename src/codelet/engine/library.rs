//! The library itself, once loaded, stays.

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
