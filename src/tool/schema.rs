//! JSON Schema, draft 2020-12: compiled once, asked for each call.
//!
//! The schema is the caller's, the value may be a hostile tool's. So nothing here takes more than
//! linear time for a pattern, more issues than [`MOST_ISSUES`], more text than [`MESSAGE_BYTES`]
//! for one, or more stack than was set aside: a value that needs much is looked at on a thread
//! made for it. References reach the schema itself and the published meta-schemas, never a file or
//! the network. `format` is an annotation, as the draft has it.

use std::fmt::{self, Write};
use std::io;
use std::thread;

use jsonschema::{Draft, PatternOptions, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scan::{ScanError, scan};

/// Issues that are reported.
pub const MOST_ISSUES: usize = 50;
/// Longest schema as text.
pub const SCHEMA_BYTES: usize = 1 << 20;
/// Deepest value that is looked at; deeper than any `maxResultDepth` in use.
pub const MOST_DEPTH: usize = 10_000;

/// Longest message of an issue.
const MESSAGE_BYTES: usize = 512;
/// Longest path of an issue.
const PATH_BYTES: usize = 512;
/// Memory of one compiled pattern.
const PATTERN_BYTES: usize = 4 << 20;
/// Values up to which every issue is looked for; beyond, the first.
const MOST_VALUES_FOR_ALL: usize = 20_000;
/// Stack that is taken for granted, on whichever thread asks.
const STACK_AT_HAND: usize = 256 << 10;
/// Most address space for the stack of a thread made for one value; only what is used is memory.
const MOST_STACK: usize = 1 << 30;
/// Stack for one subschema at one level of the value: several times what the deepest test needs.
const FRAME: usize = if cfg!(debug_assertions) { 6 << 10 } else { 3 << 10 };

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// Where in the value, as a JSON pointer; empty for the whole.
    pub path: String,
    /// What is wrong. Tells the schema's demands, never the value.
    pub message: String,
}

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// Subschemas that can be asked about one and the same value, at most.
    in_place: usize,
    /// Whether it has alternatives, of which an error keeps the errors.
    has_alternatives: bool,
}

/// Keywords whose subschemas look at the value itself and not at a part of it.
const IN_PLACE: [&str; 12] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependencies",
];

impl Schema {
    /// Compiles a schema from its text. The error is a sentence for the author of the schema.
    pub fn compile(text: &str) -> Result<Schema, String> {
        if text.len() > SCHEMA_BYTES {
            return Err(format!("the schema has more than {SCHEMA_BYTES} bytes"));
        }
        let schema: Value = serde_json::from_str(text)
            .map_err(|error| format!("the schema is not JSON: {error}"))?;
        if !schema.is_object() && !schema.is_boolean() {
            return Err("a JSON Schema is an object or a boolean".to_owned());
        }
        let mut in_place = 1;
        let mut has_alternatives = false;
        visit_keywords(&schema, &mut |name, value| {
            if IN_PLACE.contains(&name) {
                in_place += value.as_array().map_or(1, Vec::len);
                has_alternatives |= matches!(name, "anyOf" | "oneOf");
            }
        });
        let patterns =
            PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES);
        let mut options = jsonschema::options().with_pattern_options(patterns).offline();
        if schema.get("$schema").is_none() {
            options = options.with_draft(Draft::Draft202012);
        }
        match options.build(&schema) {
            Ok(validator) => Ok(Schema { validator, in_place, has_alternatives }),
            Err(error) => {
                let path = error.instance_path().as_str();
                let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
                Err(format!("the schema is not valid{place}: {}", bounded(&error, MESSAGE_BYTES)))
            }
        }
    }

    /// What the schema has against the JSON value in `text`; nothing if it is valid.
    pub fn issues(&self, text: &str) -> Vec<Issue> {
        let scanned = match scan(text.as_bytes(), MOST_DEPTH) {
            Ok(scanned) => scanned,
            Err(ScanError::TooDeep { limit, .. }) => {
                return whole(&format!("is nested deeper than {limit} levels"));
            }
            Err(error) => return whole(&format!("is not JSON: {error}")),
        };
        let stack = (scanned.depth + 1) * self.in_place.saturating_add(1).saturating_mul(FRAME);
        let look = || self.look(text, scanned.values);
        if stack <= STACK_AT_HAND {
            return look();
        }
        if stack > MOST_STACK {
            return whole(&format!(
                "is nested too deeply for this schema ({} levels)",
                scanned.depth
            ));
        }
        on_a_thread(stack + STACK_AT_HAND, look)
            .unwrap_or_else(|error| whole(&format!("could not be checked: {error}")))
    }

    fn look(&self, text: &str, values: usize) -> Vec<Issue> {
        let mut reader = serde_json::Deserializer::from_str(text);
        // Its own limit is 128; the stack was made for this depth.
        reader.disable_recursion_limit();
        let value = match Value::deserialize(&mut reader) {
            Ok(value) => value,
            // Numbers that no double holds, such as 1e999, are all that the scan lets through.
            Err(error) => return whole(&format!("cannot be read: {error}")),
        };
        if self.validator.is_valid(&value) {
            return Vec::new();
        }
        if values <= MOST_VALUES_FOR_ALL {
            return self
                .validator
                .iter_errors(&value)
                .take(MOST_ISSUES)
                .map(|error| issue(&error))
                .collect();
        }
        // Looking for all issues would keep one for each of millions of values.
        if self.has_alternatives {
            return whole("does not match the schema; it is too large to say where");
        }
        self.validator.validate(&value).err().iter().map(issue).collect()
    }
}

/// One issue with the whole value.
fn whole(message: &str) -> Vec<Issue> {
    vec![Issue { path: String::new(), message: format!("the value {message}") }]
}

fn issue(error: &jsonschema::ValidationError<'_>) -> Issue {
    let path = bounded(error.instance_path(), PATH_BYTES);
    Issue { path, message: bounded(&error.masked_with("the value"), MESSAGE_BYTES) }
}

fn on_a_thread<T: Send>(stack: usize, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(stack).spawn_scoped(scope, work)?;
        thread.join().map_err(|_| io::Error::other("a fault of runlet itself"))
    })
}

/// Every member of every object of a schema, names of properties included: what counts too much
/// only costs address space.
fn visit_keywords<'a>(value: &'a Value, seen: &mut impl FnMut(&'a str, &'a Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                seen(name, member);
                visit_keywords(member, seen);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit_keywords(item, seen)),
        _ => {}
    }
}

/// At most `most` bytes of what `shown` shows, without making the rest.
fn bounded(shown: &impl fmt::Display, most: usize) -> String {
    struct Bounded(String, usize);
    impl Write for Bounded {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = self.1 - self.0.len();
            if text.len() <= room {
                self.0.push_str(text);
                return Ok(());
            }
            self.0.push_str(&text[..text.floor_char_boundary(room)]);
            self.0.push_str("...");
            Err(fmt::Error)
        }
    }
    let mut text = Bounded(String::new(), most);
    let _ = write!(text, "{shown}");
    text.0
}

#[cfg(test)]
mod tests;
