//! The N-API face of permissions and of the rules for what a call brings along: JSON in, JSON out.
//!
//! A refused value is an answer, `{"error": {code, message, details?}}`, and never an exception.

use std::collections::BTreeMap;
use std::path::PathBuf;
#[cfg(target_os = "linux")]
use std::sync::Arc;

use napi_derive::napi;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::permission::{Change, PermissionSet, Unenforceable};
#[cfg(target_os = "linux")]
use crate::process::kernel;
#[cfg(not(target_os = "linux"))]
use crate::sandbox::backend;
#[cfg(target_os = "linux")]
use crate::sandbox::{Missing, NetworkOrder, Order, Policy, SocketAccess};
use crate::tool::rules::{EnvText, Text, check_env, check_tool_id};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Permissions {
    flags: Option<Vec<String>>,
    object: Option<Value>,
    place: Option<Place>,
}

/// What a process with the permissions consists of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Place {
    project_root: PathBuf,
    binary: PathBuf,
    entrypoint: Option<PathBuf>,
    code_roots: Vec<PathBuf>,
    worker: Option<PathBuf>,
    search_path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ToolInput {
    tool_id: Option<Text>,
    #[serde(default)]
    env: EnvText,
    #[serde(default)]
    flags: Vec<String>,
}

/// Checks permissions: `{flags: string[]}` or `{object: {…}}`, not both; neither grants nothing. With
/// `place`, also against the files that are there and what the kernel can keep; folders of the project
/// that may be written are made.
///
/// Gives `{flags, bare, unenforceable, implicit, workerWritable, interpreters}`: the set as sorted
/// flags, one for each rule; the flags that grant everything of a kind; `[{flag, permission, reason}]`
/// for what cannot be kept on this machine; flags for what is granted without being asked for; whether
/// the worker's own file could be changed; and, where `binary` is a script, the programs that run it
/// and that may not be run.
#[napi(catch_unwind)]
pub fn check_permissions(json: String) -> String {
    answer(read::<Permissions>("permissions", &json).and_then(|given| {
        let set = set_of(given.flags, given.object)?;
        let (flags, bare) = (set.to_flags(), set.bare_grants());
        let kept = given.place.map(|place| kept(set, place)).transpose()?.unwrap_or_default();
        Ok(json!({
            "flags": flags,
            "bare": bare,
            "unenforceable": kept.unenforceable,
            "implicit": kept.implicit,
            "workerWritable": kept.worker_writable,
            "pins": kept.pins,
            "interpreters": kept.interpreters,
        }))
    }))
}

fn set_of(flags: Option<Vec<String>>, object: Option<Value>) -> Result<PermissionSet, Error> {
    match (flags, object) {
        (Some(_), Some(_)) => {
            Err(Error::invalid_argument("permissions are either flags or an object, not both"))
        }
        (None, Some(object)) => PermissionSet::from_object(&object),
        (flags, None) => PermissionSet::from_flags(&flags.unwrap_or_default()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    flags: Option<Vec<String>>,
    object: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Sides {
    before: Side,
    after: Side,
    project_root: PathBuf,
}

/// Compares two sets, `{before, after, projectRoot}`, each as in [`check_permissions`]. Gives `{wider,
/// narrower}`, lists of `{flag, change}` with `change` being `added` or `removed`. An error says in
/// `details.side` whose it is.
#[napi(catch_unwind)]
pub fn compare_permissions(json: String) -> String {
    answer(read::<Sides>("permissions", &json).and_then(|given| {
        let side = |side: Side, name: &str| {
            set_of(side.flags, side.object)
                .map_err(|error| error.with_details(json!({ "side": name })))
        };
        let before = side(given.before, "before")?;
        let after = side(given.after, "after")?;
        let found = before.difference(&after, &given.project_root);
        let list = |changes: Vec<Change>| -> Vec<Value> {
            let told = |change: Change| {
                let how = if change.added { "added" } else { "removed" };
                json!({ "flag": change.flag, "change": how })
            };
            changes.into_iter().map(told).collect()
        };
        Ok(json!({ "wider": list(found.wider), "narrower": list(found.narrower) }))
    }))
}

/// What permissions come to on this machine.
#[derive(Default)]
struct Kept {
    unenforceable: Vec<Unenforceable>,
    /// Granted without being asked for.
    implicit: Vec<String>,
    worker_writable: bool,
    /// Where the rules lead, for the launches to come.
    pins: Value,
    /// What runs a script and may not be run.
    interpreters: Vec<String>,
}

#[cfg(target_os = "linux")]
fn kept(set: PermissionSet, place: Place) -> Result<Kept, Error> {
    let Place { project_root, binary, entrypoint, code_roots, worker, search_path } = place;
    let order = Order {
        permissions: Arc::new(set),
        project_root,
        binary,
        entrypoint,
        code_roots,
        worker,
        scratch: None,
        search_path,
        best_effort: true,
        network: NetworkOrder::default(),
        pins: None,
    };
    let compiled = Policy::compile(&order, Missing::IsWrong, kernel())?;
    let pins = json!(compiled.pins);
    let mut kept = Kept { unenforceable: compiled.unenforced, pins, ..Kept::default() };
    if let Some(policy) = compiled.policy {
        kept.implicit = policy.implicit_flags();
        kept.worker_writable = policy.may_write(order.worker.as_deref());
        kept.interpreters = policy.interpreters_missing(&order.binary, &order.search_path);
    }
    Ok(kept)
}

#[cfg(not(target_os = "linux"))]
fn kept(set: PermissionSet, _: Place) -> Result<Kept, Error> {
    let lacking = backend(std::env::consts::OS).lacking;
    Ok(Kept { unenforceable: set.unenforceable(lacking), ..Kept::default() })
}

/// What the kernel of this machine can keep: `{landlockAbi, seccomp, userNotify, lacking,
/// metadataWrites, denyInsideAllow}`. `lacking` says why it keeps nothing, if it does not.
#[napi(catch_unwind)]
pub fn sandbox_capabilities() -> String {
    #[cfg(target_os = "linux")]
    let (landlock, notify, how, modes, lacking) = {
        let kernel = kernel();
        let how = kernel.sockets.map(SocketAccess::name);
        (kernel.landlock, kernel.notify, how, kernel.reads_memory, kernel.lacks())
    };
    #[cfg(not(target_os = "linux"))]
    let (landlock, notify, how, modes, lacking) =
        (0, false, None::<&str>, false, Some(backend(std::env::consts::OS).state));
    json!({
        "landlockAbi": landlock,
        "seccomp": notify,
        "userNotify": how,
        "lacking": lacking,
        "metadataWrites": if modes { "supervised" } else { "denied" },
        "denyInsideAllow": "read-only",
    })
    .to_string()
}

/// The variables of the host that a child inherits, `{name: value}`. `flags` is a JSON list of flags,
/// `host_env` a JSON object of strings.
#[napi(catch_unwind)]
pub fn inherited_env(flags: String, host_env: String) -> String {
    answer(read::<Vec<String>>("permission flags", &flags).and_then(|flags| {
        let set = PermissionSet::from_flags(&flags)?;
        let host: EnvText = read("the host's environment", &host_env)?;
        // A lone surrogate is no Unicode, and what is no Unicode is not inherited.
        let host = host
            .0
            .into_iter()
            .filter_map(|(name, value)| Some((name.as_str()?.into(), value.as_str()?.into())));
        let kept: BTreeMap<String, String> = set.inherited_env(host).into_iter().collect();
        Ok(json!(kept))
    }))
}

/// Checks what a call brings along: `{toolId?, env?, flags?}`. Gives `{toolId?}`, the id in its normal
/// form, or the first error: first of the id, then of the variables in their order.
///
/// The text must be what `JSON.stringify` writes: a lone surrogate comes as its escape (`\ud800`)
/// and is recognised as such. Any other way over would have replaced it by U+FFFD.
#[napi(catch_unwind)]
pub fn check_tool_input(json: String) -> String {
    answer(read::<ToolInput>("tool input", &json).and_then(|given| {
        let permissions = PermissionSet::from_flags(&given.flags)?;
        let mut checked = Map::new();
        if let Some(id) = given.tool_id {
            let id = check_tool_id(&id).map_err(Error::invalid_argument)?;
            checked.insert("toolId".to_owned(), id.into());
        }
        check_env(&given.env, &permissions)?;
        Ok(Value::Object(checked))
    }))
}

fn read<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json)
        .map_err(|error| Error::invalid_argument(format!("{what} cannot be read: {error}")))
}

fn answer(result: Result<Value, Error>) -> String {
    result.unwrap_or_else(|error| json!({ "error": error_json(&error) })).to_string()
}

fn error_json(error: &Error) -> Value {
    let mut json = json!({ "code": error.code(), "message": error.to_string() });
    if let Some(details) = error.details() {
        json["details"] = details.clone();
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(face: fn(String) -> String, json: &str) -> Value {
        serde_json::from_str(&face(json.to_owned())).unwrap()
    }

    #[test]
    fn a_set_is_given_back_with_what_cannot_be_kept() {
        let checked = call(check_permissions, r#"{"flags":["-A","--allow-env=X"]}"#);
        assert_eq!(checked["flags"].as_array().unwrap().len(), 5);
        assert_eq!(checked["unenforceable"], json!([]));

        let checked = call(check_permissions, r#"{"object":{"read":true,"net":["X.com"]}}"#);
        assert_eq!(checked["flags"], json!(["--allow-net=x.com", "--allow-read"]));
        assert_eq!(checked["bare"], json!(["--allow-read"]));
        assert_eq!(checked["unenforceable"], json!([]));

        assert_eq!(call(check_permissions, "{}")["flags"], json!([]));
    }

    #[test]
    fn what_is_refused_is_an_answer() {
        for (json, code, start) in [
            (r#"{"flags":["--allow-ffi"]}"#, "INVALID_ARGUMENT", "unknown permission flag"),
            (r#"{"flags":[],"object":{}}"#, "INVALID_ARGUMENT", "permissions are either"),
            (r#"{"flag":[]}"#, "INVALID_ARGUMENT", "permissions cannot be read: unknown field"),
            (r#"{"flags":[7]}"#, "INVALID_ARGUMENT", "permissions cannot be read"),
            (r#"{"object":[]}"#, "INVALID_ARGUMENT", "permissions are a list of flags, or"),
            ("{", "INVALID_ARGUMENT", "permissions cannot be read"),
            (
                r#"{"flags":["--allow-env=IFS"]}"#,
                "POLICY_VIOLATION",
                "environment variable \"IFS\"",
            ),
        ] {
            let error = &call(check_permissions, json)["error"];
            assert_eq!(error["code"], code, "{json}");
            assert!(error["message"].as_str().unwrap().starts_with(start), "{json}: {error}");
        }
    }

    #[test]
    fn the_host_environment_is_filtered() {
        let inherited = |flags: &str, host: &str| -> Value {
            serde_json::from_str(&inherited_env(flags.to_owned(), host.to_owned())).unwrap()
        };
        let host = r#"{"A":"1","AB":"\ud800","A_PROXY":"x","NODE_OPTIONS":"x","B":"2"}"#;
        assert_eq!(inherited("[]", host), json!({}));
        assert_eq!(inherited(r#"["--allow-env=A*"]"#, host), json!({ "A": "1" }));
        assert_eq!(
            inherited(r#"["--allow-env=A_PROXY,B"]"#, host),
            json!({ "A_PROXY": "x", "B": "2" })
        );
        assert_eq!(inherited(r#"["--allow-env="]"#, host)["error"]["code"], "INVALID_ARGUMENT");
        assert_eq!(inherited("[]", r#"{"A":1}"#)["error"]["code"], "INVALID_ARGUMENT");
    }

    #[test]
    fn what_a_call_brings_along_is_checked() {
        let fine = r#"{"toolId":"\u212a/x","env":{"A":"1"}}"#;
        assert_eq!(call(check_tool_input, fine), json!({ "toolId": "K/x" }));
        assert_eq!(call(check_tool_input, "{}"), json!({}));
        for (json, code, message) in [
            (r#"{"toolId":""}"#, "INVALID_ARGUMENT", "tool_id cannot be empty"),
            (
                r#"{"toolId":"a\udc00"}"#,
                "INVALID_ARGUMENT",
                "tool_id contains invalid UTF-8 characters",
            ),
            (
                r#"{"toolId":"a","env":{"LD_PRELOAD":"x"}}"#,
                "INVALID_ARGUMENT",
                "environment variable validation failed: environment variable \"LD_PRELOAD\" is not \
                 allowed for security reasons",
            ),
            (
                r#"{"env":{"A":"1"},"flags":["--deny-env=A"]}"#,
                "POLICY_VIOLATION",
                "environment variable validation failed: environment variable \"A\" is denied by \
                 --deny-env",
            ),
        ] {
            let answer = call(check_tool_input, json);
            assert_eq!(answer, json!({ "error": { "code": code, "message": message } }), "{json}");
        }
        let error = &call(check_tool_input, r#"{"toolId":7}"#)["error"];
        assert_eq!(error["code"], "INVALID_ARGUMENT");
    }
}
