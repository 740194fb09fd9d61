//! Numbers of system calls, and where a filter finds what it judges.

use std::ops::RangeInclusive;

/// Offsets into `struct seccomp_data`.
pub(super) const NUMBER: u32 = 0;
pub(super) const ARCH: u32 = 4;

/// The offset of an argument's low half.
///
/// Registers have 64 bits, and every argument that is judged here is an `int`, an `unsigned int` or
/// a `pid_t` in the kernel, which takes the low half and does not look at the other. (The flags of
/// `clone` are an `unsigned long` of which the kernel takes the low half too.) So the low half is
/// what the call means, whatever stands in the high one.
pub(super) const fn low(argument: u32) -> u32 {
    16 + 8 * argument + if cfg!(target_endian = "little") { 0 } else { 4 }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of system calls are small and not negative"
)]
pub(super) const fn number(call: libc::c_long) -> u32 {
    call as u32
}

/// The audit subsystem's name of this architecture.
#[cfg(target_arch = "x86_64")]
pub(super) const OURS: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
pub(super) const OURS: u32 = 0xC000_00B7;

/// Calls that the C library's crate does not name on every architecture. Since 424 all
/// architectures number alike.
pub(super) mod newer {
    use libc::c_long;

    /// Not in musl's half of the crate.
    pub(crate) const KEXEC_FILE_LOAD: c_long = if cfg!(target_arch = "x86_64") { 320 } else { 294 };
    #[cfg(target_env = "gnu")]
    const _: () = assert!(KEXEC_FILE_LOAD == libc::SYS_kexec_file_load, "the crate's own number");
    pub(crate) const FCHMODAT2: c_long = 452;
    pub(crate) const STATMOUNT: c_long = 457;
    pub(crate) const LISTMOUNT: c_long = 458;
    pub(crate) const SETXATTRAT: c_long = 463;
    pub(crate) const GETXATTRAT: c_long = 464;
    pub(crate) const LISTXATTRAT: c_long = 465;
    pub(crate) const REMOVEXATTRAT: c_long = 466;
    pub(crate) const OPEN_TREE_ATTR: c_long = 467;
    pub(crate) const FILE_SETATTR: c_long = 469;
}

/// The last number that somebody has looked at. The x32 ABI, whose numbers have bit 30 set, lies
/// above too.
pub(super) const HIGHEST: u32 = number(newer::FILE_SETATTR);

/// Numbers that name nothing yet, below the highest.
#[cfg(target_arch = "x86_64")]
pub(super) const UNASSIGNED: &[RangeInclusive<u32>] = &[337..=423];
#[cfg(target_arch = "aarch64")]
pub(super) const UNASSIGNED: &[RangeInclusive<u32>] = &[244..=259, 295..=423];
