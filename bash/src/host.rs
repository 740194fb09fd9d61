//! Commands that the host answers: each call goes to the host, which may use the script's files and run
//! scripts of its own beside it until it has answered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bashkit::{Command, CommandContext, CommandStatus, Error, Result, async_trait};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::files;
use crate::orders::{Answer, Call};
use crate::shell::Nested;
use crate::values::{bytes_of, from_bytes};
use crate::wire::{Frame, Outbox};

/// What a command of the host is given on its stdin at most.
const MAX_INPUT: usize = 64 << 20;

/// The host, as commands of it see it.
#[derive(Debug)]
pub(crate) struct Host {
    outbox: Outbox,
    last: AtomicU64,
    open: Mutex<HashMap<u64, Open>>,
}

/// A command that the host has not answered.
#[derive(Debug)]
struct Open {
    answer: oneshot::Sender<Answer>,
    calls: mpsc::UnboundedSender<Call>,
}

impl Host {
    pub(crate) fn new(outbox: Outbox) -> Host {
        Host { outbox, last: AtomicU64::new(0), open: Mutex::default() }
    }

    pub(crate) fn send(&self, message: Value) -> Result<()> {
        self.outbox.send(&Frame::Message(message)).map_err(|_| Error::Cancelled)
    }

    /// Hands an answer to the command that waits for it, if it still does.
    pub(crate) fn answer(&self, answer: Answer) {
        if let Some(open) = self.lock().remove(&answer.answer) {
            // A command that was dropped hears no more.
            let _ = open.answer.send(answer);
        }
    }

    /// Hands a call to the command it is for. Gives it back if that is over.
    pub(crate) fn call(&self, call: Call) -> std::result::Result<(), Call> {
        let number = call.args.first().and_then(Value::as_u64).unwrap_or(0);
        match self.lock().get(&number) {
            Some(open) => open.calls.send(call).map_err(|unsent| unsent.0),
            None => Err(call),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One such command.
pub(crate) struct HostCommand {
    pub(crate) host: Arc<Host>,
    pub(crate) nested: Nested,
}

#[async_trait]
impl Command for HostCommand {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let mut stdin = Vec::new();
        while let Some(chunk) = ctx.stdin.read_chunk().await? {
            if stdin.len() + chunk.len() > MAX_INPUT {
                ctx.stderr.write_all(format!("{}: input too large\n", ctx.name).as_bytes()).await?;
                return Ok(CommandStatus::with_code(1));
            }
            stdin.extend_from_slice(&chunk);
        }
        let (calling, answer, mut calls) = Calling::begin(&self.host);
        let number = calling.number;
        let context = json!({
            "cwd": ctx.cwd.to_string_lossy(),
            "env": ctx.env.iter().collect::<Vec<_>>(),
            "exportedEnv": ctx.env,
            "stdin": from_bytes(&stdin),
        });
        let args = json!([number, ctx.name, ctx.args, context]);
        self.host.send(json!({ "call": number, "name": "command", "args": args }))?;
        let mut answer = answer;
        let answered = loop {
            tokio::select! {
                answered = &mut answer => break answered.map_err(|_| Error::Cancelled)?,
                Some(call) = calls.recv() => {
                    let id = call.call;
                    let message = match self.serve(&ctx, call).await {
                        Ok(value) => json!({ "answer": id, "value": value }),
                        Err(error) => json!({ "answer": id, "fault": files::fault_of(&error) }),
                    };
                    self.host.send(message)?;
                }
            }
        };
        if let Some(fault) = answered.fault {
            let sentence = format!("{}: {}\n", ctx.name, fault.message);
            ctx.stderr.write_all(sentence.as_bytes()).await?;
            return Ok(CommandStatus::with_code(1));
        }
        let value = answered.value.unwrap_or_default();
        ctx.stdout.write_all(&bytes_of(&value["stdout"])).await?;
        ctx.stderr.write_all(&bytes_of(&value["stderr"])).await?;
        let code = value["exitCode"].as_i64().and_then(|code| i32::try_from(code & 0xff).ok());
        Ok(CommandStatus::with_code(code.unwrap_or(1)))
    }
}

impl HostCommand {
    async fn serve(&self, ctx: &CommandContext<'_>, call: Call) -> Result<Value> {
        let operands = call.args.get(1..).unwrap_or_default();
        if call.name == "exec" {
            return self.nested.run(ctx.cwd, ctx.env, operands).await;
        }
        files::operate(&*ctx.fs, ctx.cwd, &call.name, operands).await
    }
}

/// Ends the call when the command is dropped, by a deadline or by a reader that went away.
struct Calling {
    host: Arc<Host>,
    number: u64,
}

impl Calling {
    fn begin(
        host: &Arc<Host>,
    ) -> (Calling, oneshot::Receiver<Answer>, mpsc::UnboundedReceiver<Call>) {
        let number = host.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (answer, answered) = oneshot::channel();
        let (calls, called) = mpsc::unbounded_channel();
        host.lock().insert(number, Open { answer, calls });
        (Calling { host: Arc::clone(host), number }, answered, called)
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        let unanswered = self.host.lock().remove(&self.number).is_some();
        if unanswered {
            // A host that is gone needs no word.
            let _ = self.host.send(json!({ "drop": self.number }));
        }
    }
}
