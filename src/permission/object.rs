//! The object form: `{read: ['./data'], net: true}`.

use serde_json::{Value, json};

use super::flags::{quoted, read_private};
use super::set::{Draft, Effect, Kind};
use crate::error::Error;

const PRIVATE: &str = "privateHosts";

/// The name of a list, the kind and what it says of it.
const LISTS: [(&str, Kind, Effect); 10] = [
    ("read", Kind::Read, Effect::Allow),
    ("write", Kind::Write, Effect::Allow),
    ("net", Kind::Net, Effect::Allow),
    ("env", Kind::Env, Effect::Allow),
    ("run", Kind::Run, Effect::Allow),
    ("denyRead", Kind::Read, Effect::Deny),
    ("denyWrite", Kind::Write, Effect::Deny),
    ("denyNet", Kind::Net, Effect::Deny),
    ("denyEnv", Kind::Env, Effect::Deny),
    ("denyRun", Kind::Run, Effect::Deny),
];

/// Adds everything an object says.
pub(super) fn read_object(draft: &mut Draft, object: &Value) -> Result<(), Error> {
    let Some(fields) = object.as_object() else {
        return Err(Error::invalid_argument(
            "permissions are a list of flags, or an object of lists such as { read: ['./data'] }",
        ));
    };
    for (name, value) in fields {
        if name == PRIVATE {
            let items = value.as_array().ok_or_else(|| refused(name, "a list of host names"))?;
            for (index, item) in items.iter().enumerate() {
                read_private(draft, &place(name, index), text(name, index, item)?)?;
            }
            continue;
        }
        let Some((_, kind, effect)) = LISTS.iter().find(|(known, ..)| known == name) else {
            let known: Vec<&str> = LISTS.iter().map(|(known, ..)| *known).collect();
            return Err(Error::invalid_argument(format!(
                "unknown permission {}; accepted are {} and {PRIVATE}",
                quoted(name),
                known.join(", ")
            ))
            .with_details(json!({ "permission": name })));
        };
        match value {
            Value::Bool(true) => draft.add_everything(*kind, *effect)?,
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let item = text(name, index, item)?;
                    draft.add(*kind, *effect, &place(name, index), item)?;
                }
            }
            _ => {
                return Err(refused(name, "true, for everything of this kind, or a list of texts"));
            }
        }
    }
    Ok(())
}

fn place(name: &str, index: usize) -> String {
    format!("{name}[{index}]")
}

/// An item without blanks around it, as in flags; a comma in it is a comma.
fn text<'a>(name: &str, index: usize, item: &'a Value) -> Result<&'a str, Error> {
    item.as_str().map(str::trim).ok_or_else(|| refused(&place(name, index), "a text"))
}

fn refused(place: &str, accepted: &str) -> Error {
    Error::invalid_argument(format!("permission {place}: accepted is {accepted}"))
        .with_details(json!({ "permission": place }))
}
