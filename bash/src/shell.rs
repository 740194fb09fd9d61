//! One scope: its files, its commands, and a shell for each script.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bashkit::{Bash, Error, ExecOptions, FileSystem, InMemoryFs, Result};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::commands;
use crate::host::{Host, HostCommand};
use crate::layout::{self, Layout};
use crate::limited::Limited;
use crate::limits;
use crate::orders::{Opening, Script};
use crate::output::Output;
use crate::values;
use crate::wire::Outbox;

/// Bytes of `/tmp`, and of a whole file system in memory.
const MEMORY_BYTES: u64 = 64 << 20;
/// What a script of a host's command may print.
const NESTED_BYTES: usize = 16 << 20;
/// Programs that would need what a script never has here: a network, a terminal, an interpreter.
const ABSENT: &[&str] =
    &["curl", "wget", "http", "git", "ssh", "scp", "sftp", "vi", "vim", "nano", "less", "more"];

/// Asks the script that runs to end.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    /// The number of the script. One that has ended already is asked in vain.
    asked: AtomicU64,
    wake: Notify,
    /// The script that runs, and what loops of the engine look at.
    running: Mutex<Option<(u64, Arc<AtomicBool>)>>,
}

impl Cancel {
    pub(crate) fn ask(&self, run: u64) {
        self.asked.store(run, Ordering::SeqCst);
        if let Some((running, token)) = &*self.running()
            && *running == run
        {
            token.store(true, Ordering::SeqCst);
        }
        self.wake.notify_one();
    }

    async fn asked(&self, run: u64) {
        while self.asked.load(Ordering::SeqCst) != run {
            self.wake.notified().await;
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<(u64, Arc<AtomicBool>)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that scripts of one scope share.
pub(crate) struct Scope {
    made: Nested,
    outbox: Outbox,
    cancel: Arc<Cancel>,
    /// The shell that the next script goes on with.
    kept: Option<Bash>,
    /// A new one, made while nobody waited, and what it was made for.
    spare: Option<(String, HashMap<String, String>, Bash)>,
}

/// What it takes to make a shell.
#[derive(Clone)]
pub(crate) struct Nested {
    opening: Arc<Opening>,
    layout: Layout,
    host: Arc<Host>,
}

impl Scope {
    pub(crate) async fn open(
        opening: Opening,
        workspace: Option<Arc<dyn FileSystem>>,
        outbox: Outbox,
        host: Arc<Host>,
        cancel: Arc<Cancel>,
    ) -> Result<Scope> {
        let base = match workspace {
            Some(base) => base,
            None => empty_memory().await?,
        };
        for (name, content) in &opening.files {
            let path = Path::new("/").join(name);
            if let Some(above) = path.parent() {
                base.mkdir(above, true).await?;
            }
            base.write_file(&path, &values::decoded(content)).await?;
        }
        let memory = layout::memory(MEMORY_BYTES);
        let layout = Layout::over(base, memory);
        let made = Nested { opening: Arc::new(opening), layout, host };
        Ok(Scope { made, outbox, cancel, kept: None, spare: None })
    }

    /// Makes a shell for a script like the last one, while nobody waits.
    pub(crate) fn prepare(&mut self, cwd: String, env: HashMap<String, String>) {
        if self.kept.is_none() {
            let bash = self.made.shell(&cwd, &env);
            self.spare = Some((cwd, env, bash));
        }
    }

    /// Runs a script and tells what came of it.
    pub(crate) async fn run(&mut self, script: &Script) -> Value {
        self.made.layout.look().await;
        let limited = Limited::default();
        let spare = self.spare.take();
        let fits = |(cwd, env, _): &(String, HashMap<String, String>, Bash)| {
            *cwd == script.cwd && *env == script.env
        };
        let mut bash = match (self.kept.take(), spare.filter(fits)) {
            (Some(bash), _) | (None, Some((_, _, bash))) => bash,
            (None, None) => self.made.shell(&script.cwd, &script.env),
        };
        let token = bash.cancellation_token();
        *self.cancel.running() = Some((script.run, Arc::clone(&token)));
        let output = Output::new(self.outbox.clone(), self.made.opening.max_output_bytes);
        let ended = tokio::select! {
            ended = execute(&mut bash, script, &output) => Some(ended),
            () = self.cancel.asked(script.run) => None,
        };
        *self.cancel.running() = None;
        let (code, complete) = match ended {
            None | Some(Err(Error::Cancelled)) if !output.is_full() => (130, false),
            Some(Ok(code)) => (code, true),
            Some(Err(error)) if !output.is_full() => {
                (failed(&error, &script.text, &output, &limited).await, true)
            }
            _ => (125, false),
        };
        if complete && self.made.opening.session {
            token.store(false, Ordering::SeqCst);
            self.kept = Some(bash);
        }
        limited.read_script(&script.text);
        limited.read(&output.last_errors());
        let tell = limited.told();
        json!({ "ended": script.run, "code": code, "limited": tell, "tooMuch": output.is_full() })
    }
}

async fn execute(bash: &mut Bash, script: &Script, output: &Output) -> Result<i32> {
    let mut options = ExecOptions::new();
    if let Some(stdin) = &script.stdin {
        options = options.stdin(stdin.clone());
    }
    let run = bash
        .execute(&script.text)
        .options(options)
        .stdout_fn(|bytes| output.stdout(bytes))
        .stderr_fn(|bytes| output.stderr(bytes));
    Ok(run.await?.exit_code)
}

/// Tells the script's own stderr of an error of the engine; gives the exit code.
async fn failed(error: &Error, text: &str, output: &Output, limited: &Limited) -> i32 {
    let (sentence, code) = match error {
        Error::Parse { .. } => (error.syntax_report("bash: -c", text).unwrap_or_default(), 2),
        Error::ResourceLimit(limit) => {
            limited.note(&limit.to_string());
            (format!("bash: {limit}\n"), 1)
        }
        other => (format!("bash: {other}\n"), 1),
    };
    // Nobody is left to tell where it fails.
    let _ = output.stderr(sentence.into_bytes()).await;
    code
}

impl Nested {
    fn shell(&self, cwd: &str, env: &HashMap<String, String>) -> Bash {
        let Opening { commands, host_commands, .. } = &*self.opening;
        let allowed: Option<BTreeSet<String>> =
            commands.as_ref().map(|names| names.iter().cloned().collect());
        let keep = move |name: &str| {
            let among = |allowed: &BTreeSet<String>| {
                allowed.contains(name) || commands::is_of_the_shell(name)
            };
            !ABSENT.contains(&name) && allowed.as_ref().is_none_or(among)
        };
        let mut builder = Bash::builder()
            .fs(Arc::new(self.layout.clone()))
            .rootfs(false)
            .cwd(cwd)
            .limits(limits::execution())
            .memory_limits(limits::memory())
            .session_limits(limits::session())
            .username("user")
            .hostname("localhost")
            .builtin_filter(keep.clone())
            .env("HOME", "/")
            .env("TMPDIR", "/tmp");
        for (name, value) in self.opening.env.iter().chain(env) {
            builder = builder.env(name, value);
        }
        builder = commands::register(builder, &keep);
        for name in host_commands {
            let (host, nested) = (Arc::clone(&self.host), self.clone());
            builder = builder.command(name, HostCommand { host, nested });
        }
        let bash = builder.build();
        let is_file = |name: &String| !commands::is_of_the_shell(name);
        self.layout.show_commands(bash.builtin_names().into_iter().filter(is_file).collect());
        bash
    }

    /// Runs a script for a command of the host; it shares files with the one that called, no more.
    pub(crate) async fn run(
        &self,
        cwd: &Path,
        env: &HashMap<String, String>,
        operands: &[Value],
    ) -> Result<Value> {
        let text = operands.first().and_then(Value::as_str).unwrap_or_default();
        let options = operands.get(1).cloned().unwrap_or_default();
        let cwd = options["cwd"].as_str().map_or_else(|| cwd.to_owned(), PathBuf::from);
        let mut env = env.clone();
        for (name, value) in options["env"].as_object().into_iter().flatten() {
            env.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
        }
        let mut bash = self.shell(&cwd.to_string_lossy(), &env);
        let mut asked = ExecOptions::new();
        if let Some(stdin) = options["stdin"].as_str() {
            asked = asked.stdin(stdin);
        }
        // Boxed: it may hold a command of the host, which may run a script.
        let run = Box::pin(bash.execute(text).options(asked).capture(NESTED_BYTES).into_future());
        let (out, err, code) = match run.await {
            Ok(ended) => {
                let text = |data: &bashkit::StreamData| data.text_lossy().into_owned();
                (text(&ended.stdout), text(&ended.stderr), ended.exit_code)
            }
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => (String::new(), format!("bash: {error}\n"), 1),
        };
        Ok(json!({ "stdout": out, "stderr": err, "exitCode": code }))
    }
}

async fn empty_memory() -> Result<Arc<dyn FileSystem>> {
    let memory = InMemoryFs::with_limits(layout::memory_limits(MEMORY_BYTES));
    for entry in memory.read_dir(Path::new("/")).await? {
        memory.remove(&Path::new("/").join(entry.name), true).await?;
    }
    Ok(Arc::new(memory))
}
