//! One command from start to end, confined to what permissions grant, unless it is to run with the
//! rights of its user.
//!
//! The room of callers who have a program to run and nothing more: no worker inside it, no protocol,
//! no retries. What a [`Spec`] asks for was checked by who calls; what came of it is an [`Outcome`],
//! and a command that fails is one, too.

mod outcome;
mod spec;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::process::{Command, LogSink, Watch, start};
pub use outcome::{Limit, NotStarted, Outcome};
pub use spec::{LimitsSpec, Spec};

/// Ends a command early.
#[derive(Debug)]
pub struct Cancel(Mutex<Option<oneshot::Sender<()>>>);

impl Cancel {
    /// Ends it; nothing when it has ended.
    pub fn cancel(&self) {
        if let Some(cancel) = self.0.lock().take() {
            let _ = cancel.send(());
        }
    }
}

/// A command that can be started.
#[derive(Debug)]
pub struct Ready {
    command: Command,
    timeout: Duration,
}

impl Ready {
    /// Fails with `INVALID_ARGUMENT` for permissions and addresses that cannot be read, and for texts
    /// with a NUL.
    pub fn new(spec: &Spec) -> Result<Ready, Error> {
        let order = if spec.unconfined { None } else { Some(Arc::new(spec.order()?)) };
        let environment = spec.env.iter().map(|(name, value)| (name, value));
        let (program, folder) = (&spec.program, &spec.folder);
        let command =
            Command::new(program, &spec.arguments, environment, folder, spec.limits.into())
                .and_then(|command| command.called(&spec.command))
                .ok_or_else(|| Error::invalid_argument("a text of the command holds a NUL"))?;
        let timeout = Duration::from_secs_f64(spec.timeout_ms / 1000.0);
        let command = match order {
            Some(order) => command.within(order),
            None => command.with_own_rights(),
        };
        Ok(Ready { command, timeout })
    }

    /// Starts it. `input` is what it reads on stdin, `output` gets what it prints as it comes, and
    /// `done` what came of it, on another thread.
    pub fn start(
        self,
        input: Option<Vec<u8>>,
        output: Option<LogSink>,
        done: impl FnOnce(Result<Outcome, NotStarted>) + Send + 'static,
    ) -> Cancel {
        let command = match input {
            Some(input) => self.command.fed(input),
            None => self.command,
        };
        let (cancel, cancelled) = oneshot::channel();
        let watch = Watch { cancel: Some(cancelled), output };
        start(command, self.timeout, watch, move |finished| {
            done(finished.map(Outcome::from).map_err(|error| NotStarted::from(&error)));
        });
        Cancel(Mutex::new(Some(cancel)))
    }
}

#[cfg(test)]
mod tests;
