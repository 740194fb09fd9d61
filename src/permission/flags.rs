//! The text form: `--allow-read=./data,/etc/hosts`.

use serde_json::json;

use super::env::{EnvRule, never_given_text};
use super::net::NetRule;
use super::rules::{List, Rule};
use super::set::{Draft, Effect, Kind};
use crate::error::Error;

const PRIVATE: &str = "--allow-private";

/// Adds one flag to a set.
pub(super) fn read_flag(draft: &mut Draft, flag: &str) -> Result<(), Error> {
    let (name, list) = match flag.split_once('=') {
        Some((name, list)) => (name, Some(list)),
        None => (flag, None),
    };
    match name {
        "--allow-all" | "-A" => {
            if list.is_some() {
                return Err(refused(name, "takes no list: it grants everything of every kind"));
            }
            return Kind::ALL
                .iter()
                .try_for_each(|kind| draft.add_everything(*kind, Effect::Allow));
        }
        PRIVATE => {
            let list = list.ok_or_else(|| refused(PRIVATE, "needs a list of host names"))?;
            return items(PRIVATE, list)?
                .iter()
                .try_for_each(|item| read_private(draft, PRIVATE, item));
        }
        _ => {}
    }
    let (kind, effect) = known(name).ok_or_else(|| unknown(name))?;
    let Some(list) = list else { return draft.add_everything(kind, effect) };
    items(name, list)?.iter().try_for_each(|item| draft.add(kind, effect, name, item))
}

/// Adds one name whose special addresses are accepted. `place` names where it stands.
pub(super) fn read_private(draft: &mut Draft, place: &str, item: &str) -> Result<(), Error> {
    let accepted = "a host name or *.name, each with or without :port";
    let bad = |problem: &str| refused_item(place, item, problem, accepted);
    if item == "*" {
        return Err(bad("is no host name; --allow-net alone accepts every address"));
    }
    let rule = NetRule::parse(item).map_err(|problem| bad(&problem))?;
    if !rule.is_name() {
        return Err(bad("is an address, and --allow-net accepts a literal address by itself"));
    }
    draft.private_hosts.insert(rule);
    Ok(())
}

/// Adds one item to a list. `place` names where it stands.
pub(super) fn read_item<R: Rule>(list: &mut List<R>, place: &str, item: &str) -> Result<(), Error> {
    if item.is_empty() {
        return Err(refused_item(place, item, "is empty", R::ACCEPTED));
    }
    if item == "*" {
        list.everything = true;
        return Ok(());
    }
    let rule =
        R::parse(item).map_err(|problem| refused_item(place, item, &problem, R::ACCEPTED))?;
    list.items.insert(rule);
    Ok(())
}

/// Refuses to grant what may never be given.
pub(super) fn check_grantable(list: &List<EnvRule>, place: &str) -> Result<(), Error> {
    match list.items.iter().find(|rule| rule.names_only_what_is_never_given()) {
        Some(rule) => Err(Error::policy_violation(never_given_text(&rule.to_string()))
            .with_details(json!({ "flag": place, "permission": "env", "item": rule.to_string() }))),
        None => Ok(()),
    }
}

/// The flag that says the same as an item; one flag for each, so that no item can end in another.
pub(super) fn spell(effect: Effect, kind: Kind, item: &str) -> String {
    let flag = flag_name(effect, kind);
    if item == "*" { flag } else { format!("{flag}={}", escape(item)) }
}

pub(super) fn spell_private(item: &str) -> String {
    format!("{PRIVATE}={}", escape(item))
}

pub(super) fn flag_name(effect: Effect, kind: Kind) -> String {
    format!("--{}-{}", effect.as_str(), kind.as_str())
}

pub(super) fn escape(item: &str) -> String {
    item.replace(',', "\\,")
}

fn known(name: &str) -> Option<(Kind, Effect)> {
    let (effect, rest) = match name.strip_prefix("--allow-") {
        Some(rest) => (Effect::Allow, rest),
        None => (Effect::Deny, name.strip_prefix("--deny-")?),
    };
    Kind::ALL.iter().find(|kind| kind.as_str() == rest).map(|kind| (*kind, effect))
}

/// Splits at commas; `\,` is a comma of the item.
fn items(flag: &str, list: &str) -> Result<Vec<String>, Error> {
    let mut items = vec![String::new()];
    let mut rest = list.chars().peekable();
    while let Some(c) = rest.next() {
        let escaped = c == '\\' && rest.next_if_eq(&',').is_some();
        match items.last_mut() {
            Some(item) if escaped || c != ',' => item.push(if escaped { ',' } else { c }),
            _ => items.push(String::new()),
        }
    }
    for item in &mut items {
        item.truncate(item.trim_end().len());
        item.drain(..item.len() - item.trim_start().len());
        if item.is_empty() {
            return Err(refused(
                flag,
                "has an empty item in its list; leave out the comma, or the list",
            ));
        }
    }
    Ok(items)
}

fn unknown(name: &str) -> Error {
    Error::invalid_argument(format!(
        "unknown permission flag {}; accepted are --allow-K and --deny-K with K one of read, write, \
         net, env, run, with or without =list, --allow-all, -A and --allow-private=list",
        quoted(name)
    ))
    .with_details(json!({ "flag": shortened(name) }))
}

fn refused(flag: &str, problem: &str) -> Error {
    Error::invalid_argument(format!("permission flag {} {problem}", quoted(flag)))
        .with_details(json!({ "flag": shortened(flag) }))
}

fn refused_item(place: &str, item: &str, problem: &str, accepted: &str) -> Error {
    Error::invalid_argument(format!(
        "permission {place}: {} {problem}; accepted is {accepted}",
        quoted(item)
    ))
    .with_details(json!({ "flag": place, "item": shortened(item) }))
}

/// Text of the caller in a message: in quotes, on one line, of bounded length.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
