//! Files beneath a root: every path is resolved by the kernel and cannot leave it.
