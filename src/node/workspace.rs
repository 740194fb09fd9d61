//! The N-API face of workspaces: JSON text in and out, work on threads that may block.
//!
//! | function | |
//! |---|---|
//! | `workspaceOpen(spec)` | opens a folder: `{"workspace": number}` or `{"error": …}` |
//! | `workspaceTicket()` | a number by which one operation can be cancelled |
//! | `workspaceOperate(workspace, op, request, ticket)` | a promise of the result, or of `{"error": …}` |
//! | `workspaceCancel(ticket)` | ends an operation early |
//! | `workspaceClose(workspace)` | forgets a folder and cancels its operations |
//! | `workspacePath(path)` | `{"path": …}`: a path of a local workspace, normalised |
//! | `scopeOf(origin)` | the scopes of a message, or one of them |
//! | `attachmentPath(scope, path)` | `{"path": "scopes/<scope>/<path>"}` |
//! | `safeRoot(folders)` | `{}` unless the root overlaps with the program |
//!
//! An error is `{"error": {code, message, retryable, details?}}` and never an exception; a promise is
//! never rejected. Operations and their fields are described in the room itself, one file each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use napi::bindgen_prelude::Object;
use napi::{Env, JsDeferred, Result};
use napi_derive::napi;
use parking_lot::Mutex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Code, Error};
use crate::workspace::scope::{
    Level, Origin, Overlap, attachment_path as path_of_attachment, resolve_scope,
    safe_root as refuse_overlap, select_scope,
};
use crate::workspace::{Cancel, Spec, Workspace, local_path, run_aside};

type Settle = Box<dyn FnOnce(Env) -> Result<String> + Send>;
type Deferred = JsDeferred<String, Settle>;

struct Kept {
    workspace: Arc<Workspace>,
    /// Of the operations under way, by ticket where they have one.
    running: HashMap<u32, Cancel>,
}

/// Every open folder of the process, of whichever environment.
static OPEN: LazyLock<Mutex<HashMap<u32, Kept>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicU32 = AtomicU32::new(1);

/// Opens a folder: `{root, create? = true, guestRoot?, oversize?: 'skip' | 'error', limits?:
/// {maxFileBytes?, maxScanBytes?, maxScanMs?, maxEntries?, maxResults?, maxAttachmentBytes?}}`, where
/// `root` is an absolute path. Gives `{"workspace": number}`, or `{"error": …}`. The folder stays open
/// until `workspaceClose`, or until the environment ends.
#[napi(catch_unwind)]
pub fn workspace_open(env: Env, spec: String) -> Result<String> {
    let opened = read::<Spec>("the workspace", &spec).and_then(|spec| Workspace::open(&spec));
    let workspace = match opened {
        Ok(workspace) => Arc::new(workspace),
        Err(error) => return Ok(told(&error)),
    };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    OPEN.lock().insert(number, Kept { workspace, running: HashMap::new() });
    // An environment that ends, as a worker thread's does, takes its folders along.
    env.add_env_cleanup_hook(number, close)?;
    Ok(json!({ "workspace": number }).to_string())
}

/// A ticket for one operation, which no other of the process has.
#[napi(catch_unwind)]
pub fn workspace_ticket() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Performs one operation on a thread that may block: `read`, `write`, `edit`, `grep`, `find`, `ls`,
/// `stat`, `list`, `delete`, `mark`, `generated` or `open`. `ticket` is one of `workspaceTicket`, or 0
/// for an operation that nobody will cancel. The promise is of the result as JSON, or of
/// `{"error": …}`; of a closed workspace, with code DISPOSED.
#[napi(catch_unwind, ts_return_type = "Promise<string>")]
pub fn workspace_operate(
    env: &Env,
    workspace: u32,
    op: String,
    request: String,
    ticket: u32,
) -> Result<Object<'_>> {
    let (deferred, promise): (Deferred, Object<'_>) = env.create_deferred()?;
    let cancel = Cancel::default();
    // An operation without a ticket gets one of its own, so that closing ends it too.
    let ticket = if ticket == 0 { workspace_ticket() } else { ticket };
    let folder = OPEN.lock().get_mut(&workspace).map(|kept| {
        kept.running.insert(ticket, cancel.clone());
        Arc::clone(&kept.workspace)
    });
    let Some(folder) = folder else {
        let answer = told(&Error::failed(Code::Disposed, "this workspace was closed"));
        deferred.resolve(Box::new(move |_| Ok(answer)));
        return Ok(promise);
    };
    let answer = Answer { deferred: Some(deferred), workspace, ticket };
    // Without any thread the work is dropped, and its answer says that it was not done.
    run_aside(move || {
        let result = folder.operate(&op, &request, &cancel);
        answer.give(result.unwrap_or_else(|error| told(&error)));
    });
    Ok(promise)
}

/// The promise of one operation, which is kept even if the operation never ends as it should.
struct Answer {
    deferred: Option<Deferred>,
    workspace: u32,
    ticket: u32,
}

impl Answer {
    fn give(mut self, text: String) {
        self.settle(text);
    }

    fn settle(&mut self, text: String) {
        if let Some(kept) = OPEN.lock().get_mut(&self.workspace) {
            kept.running.remove(&self.ticket);
        }
        if let Some(deferred) = self.deferred.take() {
            deferred.resolve(Box::new(move |_| Ok(text)));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.deferred.is_some() {
            self.settle(told(&Error::failed(Code::Internal, "the operation failed")));
        }
    }
}

/// Ends an operation early, with code CANCELLED; nothing when it has ended.
#[napi(catch_unwind)]
pub fn workspace_cancel(ticket: u32) {
    for kept in OPEN.lock().values() {
        if let Some(cancel) = kept.running.get(&ticket) {
            cancel.cancel();
        }
    }
}

/// Forgets a folder; its operations under way are cancelled.
#[napi(catch_unwind)]
pub fn workspace_close(workspace: u32) {
    close(workspace);
}

fn close(workspace: u32) {
    let closed = OPEN.lock().remove(&workspace);
    for cancel in closed.iter().flat_map(|kept| kept.running.values()) {
        cancel.cancel();
    }
}

/// A path of a local workspace without `.`, `..` and empty components: `{"path": …}`, empty for the
/// workspace itself, or `{"error": …}`.
#[napi(catch_unwind)]
pub fn workspace_path(path: String) -> String {
    answer(local_path(&path).map(|path| json!({ "path": path })))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(flatten)]
    origin: Origin,
    level: Option<Level>,
}

/// The scopes of a message: `{agent, provider, team?, channel, actor, level?}` to `{agent, adapter,
/// channel, user}`, each `{level, key, path}`; with `level`, that one alone. A text with a lone
/// surrogate is refused.
///
/// The text must be what `JSON.stringify` writes, so that a lone surrogate is seen.
#[napi(catch_unwind)]
pub fn scope_of(origin: String) -> String {
    answer(read::<Asked>("the scope", &origin).map(|asked| {
        let keys = resolve_scope(&asked.origin);
        asked.level.map_or_else(|| json!(keys), |level| json!(select_scope(&keys, level)))
    }))
}

/// The path of a file of a scope as an attachment: `{"path": "scopes/<scope>/<path>"}`, or
/// `{"error": …}`.
#[napi(catch_unwind)]
pub fn attachment_path(scope: String, path: String) -> String {
    answer(path_of_attachment(&scope, &path).map(|path| json!({ "path": path })))
}

/// Refuses a workspace root that holds the program or overlaps with the agent's own files: `{root, app,
/// agent?}`, absolute paths, to `{}` or `{"error": …}`.
#[napi(catch_unwind)]
pub fn safe_root(folders: String) -> String {
    let folders = read::<Overlap>("the folders", &folders);
    answer(folders.and_then(|folders| refuse_overlap(&folders)).map(|()| json!({})))
}

fn read<T: DeserializeOwned>(what: &str, text: &str) -> std::result::Result<T, Error> {
    serde_json::from_str(text)
        .map_err(|error| Error::invalid_argument(format!("{what} cannot be read: {error}")))
}

fn answer(result: std::result::Result<Value, Error>) -> String {
    result.map_or_else(|error| told(&error), |value| value.to_string())
}

fn told(error: &Error) -> String {
    let mut told = json!({
        "code": error.code(),
        "message": error.to_string(),
        "retryable": error.retryable(),
    });
    if let Some(details) = error.details() {
        told["details"] = details.clone();
    }
    json!({ "error": told }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(face: fn(String) -> String, json: &str) -> Value {
        serde_json::from_str(&face(json.to_owned())).unwrap()
    }

    #[test]
    fn scopes_are_given_all_or_one() {
        let origin = r#"{"agent":"a","provider":"p","kind":"x","channel":"c","actor":"u"}"#;
        let all = call(scope_of, origin);
        assert_eq!(
            all["adapter"],
            json!({ "level": "adapter", "key": "adapter/a/p", "path": "adapter/a/p" })
        );
        assert_eq!(all.as_object().unwrap().len(), 4);
        let one = call(scope_of, &origin.replace('}', r#","level":"user"}"#));
        assert_eq!(one["path"], "user/a/p/none/u");
        let lone = call(scope_of, &origin.replace("\"c\"", r#""\ud800""#));
        assert_eq!(lone["error"]["code"], "INVALID_ARGUMENT");
    }

    #[test]
    fn what_is_refused_is_an_answer() {
        let error = &call(workspace_path, "../x")["error"];
        assert_eq!(error["code"], "PERMISSION_DENIED");
        assert_eq!(error["retryable"], false);
        assert_eq!(
            call(safe_root, r#"{"root":"/","app":"/usr"}"#)["error"]["message"],
            "runtime root contains app directory"
        );
        assert_eq!(call(safe_root, r#"{"root":"/nowhere/at/all","app":"/usr"}"#), json!({}));
    }
}
