//! What the kernel keeps a confined process tree from.

#[cfg_attr(not(test), expect(dead_code, reason = "no launch installs it yet"))]
mod filter;
