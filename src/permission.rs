//! What a child process may do, as data.
//!
//! [`PermissionSet`] is made from flags (`--allow-read=./data`) or from an object
//! (`{read: ['./data']}`) and answers one question for each kind: may this be done? Nothing here
//! touches the disk, the network or the environment. A path is taken as it is written; whoever
//! enforces a set resolves links first and asks about what they lead to.
//!
//! The order is the same for every kind: what nobody may have, then deny, then allow, else refused.
//! A deny beats every allow; there is no "more specific wins".
//!
//! Dependencies: `set` → `{flags, object, rules}` → `{path, net, env, run}`; `enforceable` asks a
//! set what this build cannot keep, and `difference` two sets which permits more.

mod difference;
mod enforceable;
mod env;
mod flags;
mod grants;
mod net;
mod object;
mod path;
mod rules;
mod run;
mod set;
mod special;

#[cfg(test)]
mod tests;

pub use difference::{Change, Difference};
pub use enforceable::Unenforceable;
pub use env::is_never_given;
pub(crate) use env::never_given_text;
pub(crate) use grants::{Grant, Grants, NetGrant, Program};
pub use net::Host;
pub use set::{Kind, PermissionSet};
pub use special::is_special;

/// What a set says of one thing that is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// An allow rule covers it, and no deny rule does.
    Allowed,
    /// A deny rule covers it.
    DenyRule,
    /// No rule covers it.
    NoRule,
    /// The name is allowed, but what it resolves to is an address of a special range.
    SpecialAddress,
    /// Nobody may have it, whatever the rules say.
    Never,
}

impl Verdict {
    /// True when it may be done.
    pub fn allows(self) -> bool {
        self == Verdict::Allowed
    }
}
