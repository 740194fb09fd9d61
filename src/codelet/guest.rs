//! The guest's side: what every realm holds before any codelet runs, and what the host keeps for
//! the run under way.
//!
//! The prelude is JavaScript, compiled by the process itself and executed once per isolate, before
//! the pristine image is taken; a run pays nothing for it.

pub(super) mod clock;
pub(super) mod frames;
pub(super) mod host;
pub(super) mod logs;
pub(super) mod random;

/// The prelude's parts in the order they build on one another; together the body of one function
/// whose only parameter is `native`.
const PARTS: [&str; 15] = [
    include_str!("guest/primordials.js"),
    include_str!("guest/policy.js"),
    include_str!("guest/frozen.js"),
    include_str!("guest/inspect.js"),
    include_str!("guest/console.js"),
    include_str!("guest/clock.js"),
    include_str!("guest/timers.js"),
    include_str!("guest/clone-kinds.js"),
    include_str!("guest/clone-encode.js"),
    include_str!("guest/clone-special.js"),
    include_str!("guest/clone-decode.js"),
    include_str!("guest/hostcall.js"),
    include_str!("guest/random.js"),
    include_str!("guest/helpers.js"),
    include_str!("guest/driver.js"),
];

/// The whole prelude as one script: an expression whose value is a function of `native`.
pub(super) fn prelude() -> String {
    let mut script = String::from("(function (native) { 'use strict';\n");
    for part in PARTS {
        script.push_str(part);
        script.push('\n');
    }
    script.push_str("})");
    script
}
