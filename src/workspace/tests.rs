//! Tests of the room, through the one door that the face uses.
#![expect(clippy::disallowed_methods, reason = "tests lay out their own folders and look at them")]

mod defects;
mod editing;
mod generating;
mod hostile;
mod killing;
mod listing;
mod races;
mod reading;
mod searching;
mod writing;

use serde_json::{Value, json};

use super::{Cancel, Spec, Workspace};
use crate::error::Error;
use crate::scoped_fs::tests::Scratch;

pub(super) fn open(scratch: &Scratch) -> Workspace {
    open_with(scratch, json!({}))
}

/// A workspace in the scratch folder's root with options of its own.
fn open_with(scratch: &Scratch, mut options: Value) -> Workspace {
    options["root"] = json!(scratch.inside(""));
    Workspace::open(&serde_json::from_value::<Spec>(options).unwrap()).unwrap()
}

/// Performs an operation. Whatever comes of it may not name the host's folder.
fn operate(workspace: &Workspace, op: &str, request: &Value) -> Result<Value, Error> {
    let answer = workspace.operate(op, &request.to_string(), &Cancel::default());
    let told = match &answer {
        Ok(text) => text.clone(),
        Err(error) => format!("{error} {:?}", error.details()),
    };
    assert!(!told.contains("runlet-scoped-"), "a host path: {told}");
    answer.map(|text| serde_json::from_str(&text).unwrap())
}

#[expect(clippy::needless_pass_by_value, reason = "reads best with json!() in the call")]
pub(super) fn ok(workspace: &Workspace, op: &str, request: Value) -> Value {
    operate(workspace, op, &request).unwrap_or_else(|error| panic!("{op} {request}: {error}"))
}

/// `CODE: message` of an operation that fails.
#[expect(clippy::needless_pass_by_value, reason = "reads best with json!() in the call")]
fn fails(workspace: &Workspace, op: &str, request: Value) -> String {
    match operate(workspace, op, &request) {
        Ok(answer) => panic!("{op} {request} gave {answer}"),
        Err(error) => format!("{}: {error}", error.code().as_str()),
    }
}

/// The paths of a list of results.
fn paths(results: &Value) -> Vec<&str> {
    results.as_array().unwrap().iter().map(|result| result["path"].as_str().unwrap()).collect()
}
