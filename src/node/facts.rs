//! The core's constants, as JSON for the package's other half.

use serde_json::{Map, Value, json};

use crate::codelet::{RunRequest, Runner, RunnerOptions, capabilities, engine_commit};
use crate::error::Code;
use crate::limits::{Bound, Limits, RunnerLimits, WorkspaceLimits};

/// Everything the TypeScript face needs to know once.
pub(super) fn json() -> String {
    let codes: Map<String, Value> = Code::ALL
        .iter()
        .map(|code| {
            let facts = json!({ "retryable": code.retryable(), "meaning": code.meaning() });
            (code.as_str().to_owned(), facts)
        })
        .collect();
    json!({
        "limits": bounds(Limits::BOUNDS),
        "runnerLimits": bounds(RunnerLimits::BOUNDS),
        "workspaceLimits": bounds(WorkspaceLimits::BOUNDS),
        "codes": codes,
        "capabilities": capabilities(),
        "engine": { "name": "quickjs-ng", "commit": engine_commit() },
        "globals": global_names(),
        "version": env!("CARGO_PKG_VERSION"),
    })
    .to_string()
}

fn bounds(bounds: &[(&str, Bound)]) -> Map<String, Value> {
    bounds.iter().map(|(name, bound)| (camel_case(name), json!(bound))).collect()
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}

/// The names a codelet already has, asked of a codelet.
fn global_names() -> Value {
    let code = "export const main = () => \
                Reflect.ownKeys(globalThis).filter((key) => typeof key === 'string')";
    let outcome = Runner::new(RunnerOptions::default()).run_blocking(RunRequest::new(code));
    let names = outcome.json().and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok());
    let mut names = names.unwrap_or_default();
    // Not a global, but a name every codelet's author relies on.
    names.push("helpers".into());
    Value::Array(names)
}
