//! `runlet-bash`: the virtual bash of runlet's workspaces.
//!
//! A process that interprets scripts over one directory, which it was given open, for the host that
//! started it. It starts no program, opens no connection and cannot reach a file outside, and is told so
//! by the kernel before its first script ([`lockdown`]). A script that overflows its stack or uses up its
//! memory ends this process and not the host.
//!
//! Started as `runlet-bash HOST MEMORY`, with the process number of the host and the bytes of memory it
//! may have; the workspace, if there is one, is descriptor 3. Frames go over stdin and stdout ([`wire`]);
//! what the standard library says before it aborts is on stderr.

mod commands;
mod dir;
mod files;
mod host;
mod layout;
mod limited;
mod limits;
mod lockdown;
mod mount;
mod orders;
mod output;
mod shell;
mod values;
mod wire;

use std::io;
use std::os::fd::OwnedFd;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::dir::Dir;
use crate::host::Host;
use crate::mount::Mount;
use crate::orders::{Opening, Script};
use crate::shell::{Cancel, Scope};
use crate::wire::{Frame, Outbox};

/// What scripts recurse on. The engine's own bounds on nesting are met before its end.
const SCRIPT_STACK: usize = 64 << 20;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let host = words.next().and_then(|word| word.parse().ok());
    let memory = words.next().and_then(|word| word.parse().ok());
    let (Some(host), Some(memory)) = (host, memory) else {
        return ended("it is started by runlet, as runlet-bash HOST MEMORY");
    };
    // What a panic says may hold parts of a script.
    std::panic::set_hook(Box::new(|_| {}));
    let locked = match lockdown::lock(host, memory) {
        Ok(locked) => locked,
        Err(refusal) => return ended(&format!("it could not be locked down: {refusal}")),
    };
    match serve(locked) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ended(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "the host reads why there is no process")]
fn ended(why: &str) -> ExitCode {
    eprintln!("runlet-bash: {why}");
    ExitCode::FAILURE
}

/// Orders for the thread that runs scripts.
enum Order {
    Open(Opening),
    Run(Script),
}

fn serve(locked: lockdown::Locked) -> io::Result<()> {
    let outbox = Outbox::open()?;
    let host = Arc::new(Host::new(outbox.clone()));
    let cancel = Arc::new(Cancel::default());
    let (orders, taken) = unbounded_channel();
    let ready = json!({ "ready": true, "enforced": locked.enforced });
    outbox.send(&Frame::Message(ready))?;
    let script = {
        let (host, cancel, outbox) = (Arc::clone(&host), Arc::clone(&cancel), outbox.clone());
        let thread = std::thread::Builder::new().name("script".to_owned());
        thread
            .stack_size(SCRIPT_STACK)
            .spawn(move || run_scripts(taken, locked.workspace, &outbox, &host, &cancel))?
    };
    let answered = read_orders(&orders, &host, &cancel, &outbox);
    drop(orders);
    // The host is gone: nobody waits for what still runs.
    if answered.is_err() || !script.is_finished() {
        lockdown::leave();
    }
    answered
}

fn read_orders(
    orders: &UnboundedSender<Order>,
    host: &Host,
    cancel: &Cancel,
    outbox: &Outbox,
) -> io::Result<()> {
    let mut stdin = io::BufReader::new(io::stdin());
    while let Some(message) = wire::read(&mut stdin)? {
        let has = |name: &str| message.get(name).is_some();
        let order = if has("open") {
            Order::Open(Opening::deserialize_from(&message["open"])?)
        } else if has("run") {
            Order::Run(serde_json::from_value(message)?)
        } else if let Some(run) = message.get("cancel") {
            cancel.ask(run.as_u64().unwrap_or(0));
            continue;
        } else if has("answer") {
            host.answer(serde_json::from_value(message)?);
            continue;
        } else {
            if let Err(late) = host.call(serde_json::from_value(message)?) {
                let fault = json!({ "message": "the command has ended" });
                let answer = json!({ "answer": late.call, "fault": fault });
                outbox.send(&Frame::Message(answer))?;
            }
            continue;
        };
        orders.send(order).map_err(|_| io::ErrorKind::BrokenPipe)?;
    }
    Ok(())
}

impl Opening {
    fn deserialize_from(value: &Value) -> io::Result<Opening> {
        Ok(serde::Deserialize::deserialize(value)?)
    }
}

fn run_scripts(
    mut orders: UnboundedReceiver<Order>,
    workspace: Option<OwnedFd>,
    outbox: &Outbox,
    host: &Arc<Host>,
    cancel: &Arc<Cancel>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        // The engine reads long scripts on these.
        .thread_stack_size(SCRIPT_STACK)
        .max_blocking_threads(2)
        .build();
    let Ok(runtime) = runtime else { return };
    let mut workspace = workspace;
    let mut scope: Option<Scope> = None;
    while let Some(order) = orders.blocking_recv() {
        let work = AssertUnwindSafe(|| {
            runtime.block_on(async {
                match order {
                    Order::Open(opening) => {
                        let held = workspace.take().filter(|_| !opening.memory);
                        let mounted = held.map(|held| {
                            let mount = Mount(Dir::new(held, opening.max_file_bytes));
                            Arc::new(mount) as Arc<dyn bashkit::FileSystem>
                        });
                        let (host, cancel) = (Arc::clone(host), Arc::clone(cancel));
                        let opened =
                            Scope::open(opening, mounted, outbox.clone(), host, cancel).await;
                        match opened {
                            Ok(opened) => scope = Some(opened),
                            Err(error) => {
                                tell(outbox, json!({ "unopened": error.to_string() }));
                            }
                        }
                    }
                    Order::Run(script) => match &mut scope {
                        Some(scope) => {
                            let ended = scope.run(&script).await;
                            tell(outbox, ended);
                            scope.prepare(script.cwd, script.env);
                        }
                        None => {
                            tell(outbox, json!({ "ended": script.run, "fault": "unopened" }));
                        }
                    },
                }
            });
        });
        if std::panic::catch_unwind(work).is_err() {
            // What state the engine is in, nobody knows: the host ends this process.
            let fault = json!({ "panicked": true });
            if outbox.send(&Frame::Message(fault)).is_err() {
                return;
            }
        }
    }
}

fn tell(outbox: &Outbox, message: Value) {
    // Without a host, the reader ends the process.
    let _ = outbox.send(&Frame::Message(message));
}
