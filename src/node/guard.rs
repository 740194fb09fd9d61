//! The N-API face of the guard: a text and options in, the analysis as JSON out.
//!
//! Options that are refused are an answer, `{"error": {code, message}}`, and never an exception.

use std::sync::{Arc, LazyLock};

use napi_derive::napi;
use parking_lot::Mutex;
use serde_json::json;

use crate::error::{Code, Error};
use crate::guard::{Guard, GuardOptions};

type Known = Vec<(String, Arc<Guard>)>;

/// Guards by the text of their options: callers ask with the same few again and again.
static GUARDS: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
const KEPT: usize = 8;

fn guard(options: String) -> Result<Arc<Guard>, Error> {
    if let Some((_, guard)) = GUARDS.lock().iter().find(|(known, _)| *known == options) {
        return Ok(Arc::clone(guard));
    }
    let read: GuardOptions = serde_json::from_str(&options)
        .map_err(|error| Error::invalid_argument(format!("guard options: {error}")))?;
    let guard = Arc::new(Guard::new(&read)?);
    let mut guards = GUARDS.lock();
    guards.insert(0, (options, Arc::clone(&guard)));
    guards.truncate(KEPT);
    Ok(guard)
}

/// Judges a shell text. `options` is an object with any of `allow`, `approve` and `block` (lists of
/// rules), `onUnclear`, `workspace` and `cwd`.
///
/// Gives `{risk, reason, code, detail?, span, whole, commands}`, spans in UTF-16 code units.
#[napi(catch_unwind)]
pub fn analyze_command(text: String, options: String) -> String {
    let guard = match guard(options) {
        Ok(guard) => guard,
        Err(error) => return refused(error.code(), &error.to_string()),
    };
    let mut analysis = guard.analyze(&text);
    analysis.in_utf16(&text);
    serde_json::to_string(&analysis)
        .unwrap_or_else(|_| refused(Code::Internal, "the analysis cannot be written as JSON"))
}

fn refused(code: Code, message: &str) -> String {
    json!({ "error": { "code": code, "message": message } }).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::analyze_command;

    fn answer(text: &str, options: &str) -> Value {
        serde_json::from_str(&analyze_command(text.to_owned(), options.to_owned())).unwrap()
    }

    #[test]
    fn an_analysis_is_json() {
        let answer = answer("echo é; git push", r#"{"allow":["Bash(git push:*)"]}"#);
        assert_eq!(answer["risk"], "allow");
        let second = &answer["commands"][1];
        assert_eq!(second["reason"], "allowed by Bash(git push:*)");
        assert_eq!(second["span"], serde_json::json!({ "start": 8, "end": 16 }));
    }

    #[test]
    fn wrong_options_are_an_answer() {
        for (options, part) in [
            ("", "guard options: EOF"),
            ("[1]", "guard options: "),
            (r#"{"allow":"ls"}"#, "guard options: invalid type"),
            (r#"{"blocked":[]}"#, "unknown field `blocked`"),
            (r#"{"onUnclear":"allow"}"#, "unknown variant `allow`"),
            (r#"{"block":["rm"]}"#, "neither Bash(words)"),
            (r#"{"cwd":"x"}"#, "absolute"),
        ] {
            let error = &answer("ls", options)["error"];
            assert_eq!(error["code"], "INVALID_ARGUMENT", "{options}");
            assert!(error["message"].as_str().unwrap().contains(part), "{error}");
        }
    }
}
