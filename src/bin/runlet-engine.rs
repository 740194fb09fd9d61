//! The program of an engine process: runs the codelets of one runner for the host that launched it, and
//! can do nothing else. See `runlet::codelet::serve`.

use std::process::ExitCode;

fn main() -> ExitCode {
    runlet::codelet::serve()
}
