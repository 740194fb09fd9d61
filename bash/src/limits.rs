//! Bounds of the engine. What ends a hostile script is the host's deadline and the limit on this process'
//! memory; these are here so that most end earlier, and with a reason.

use std::time::Duration;

use bashkit::{ExecutionLimits, MemoryLimits, SessionLimits};

const MIB: usize = 1024 * 1024;

/// The deadline is kept by the host, which lets no script run as long as this.
const LONGEST: Duration = Duration::from_hours(24);

pub(crate) fn execution() -> ExecutionLimits {
    ExecutionLimits::new()
        .timeout(LONGEST)
        .parser_timeout(LONGEST)
        .max_commands(10_000_000)
        .max_loop_iterations(10_000_000)
        .max_total_loop_iterations(10_000_000)
        .max_work_units(10_000_000_000)
        .max_aggregate_input_bytes(16 << 30)
        .max_live_intermediate_bytes(512 * MIB as u64)
        .max_input_bytes(16 * MIB)
        .max_parser_operations(10_000_000)
        // These also cut what flows through pipes inside a script. What the host gets has its own bound.
        .max_stdout_bytes(256 * MIB)
        .max_stderr_bytes(256 * MIB)
        .max_word_split_fields(1_000_000)
        .max_word_split_bytes(128 * MIB)
        .max_background_jobs(256)
}

pub(crate) fn memory() -> MemoryLimits {
    MemoryLimits::new()
        .max_variable_count(100_000)
        .max_total_variable_bytes(128 * MIB)
        .max_array_entries(2_000_000)
        .max_function_count(10_000)
        .max_function_body_bytes(16 * MIB)
}

/// A process serves its scope for as long as it likes.
pub(crate) fn session() -> SessionLimits {
    SessionLimits::unlimited()
}
