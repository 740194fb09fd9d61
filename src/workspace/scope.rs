//! Scopes: which folder belongs to which chat, user or agent.
//!
//! [`resolve_scope`] gives the four scopes of a message; [`ScopeKey::path`] is what tells one scope from
//! another and is the folder below `scopes/`. Two different scopes never have one path (`encoding.rs`),
//! and no scope lies inside another of its level.

mod encoding;
mod overlap;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use encoding::{Names, encoded};
pub use overlap::{Overlap, safe_root};

/// Who shares a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Everybody the agent talks to.
    Agent,
    /// Everybody of one chat provider.
    Adapter,
    /// Everybody in one channel.
    #[default]
    Channel,
    /// One person.
    User,
}

/// Where a message comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The agent it is for.
    pub agent: String,
    /// The chat provider it came through.
    pub provider: String,
    /// The team, workspace or server there, if the provider has such.
    #[serde(default)]
    pub team: Option<String>,
    /// The channel there.
    pub channel: String,
    /// Who wrote it.
    pub actor: String,
}

/// One scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeKey {
    /// Who shares it.
    pub level: Level,
    /// For people; two scopes may have the same.
    pub key: String,
    /// What it is known by, and its folder.
    pub path: String,
}

/// The scopes of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeKeys {
    /// Shared by all of the agent.
    pub agent: ScopeKey,
    /// Shared by all of the provider.
    pub adapter: ScopeKey,
    /// Shared by the channel.
    pub channel: ScopeKey,
    /// Of the person alone.
    pub user: ScopeKey,
}

/// The scopes of a message, for the system this runs on.
///
/// ```
/// use runlet::workspace::scope::{Level, Origin, resolve_scope, select_scope};
///
/// let origin = Origin {
///     agent: "a".into(),
///     provider: "slack".into(),
///     team: None,
///     channel: "C 1".into(),
///     actor: "U1".into(),
/// };
/// let keys = resolve_scope(&origin);
/// assert_eq!(select_scope(&keys, Level::Channel).path, "channel/a/slack/none/C~201");
/// ```
pub fn resolve_scope(origin: &Origin) -> ScopeKeys {
    resolve(origin, Names::OF_THIS_SYSTEM)
}

fn resolve(origin: &Origin, names: Names) -> ScopeKeys {
    let Origin { agent, provider, team, channel, actor } = origin;
    let [agent, provider, channel, actor] =
        [agent, provider, channel, actor].map(|text| (text.as_str(), encoded(text, names)));
    let team = match team {
        None => ("none", "none".to_owned()),
        // What is called so must not pass for what has no name.
        Some(name) if name == "none" => ("none", "~6Eone".to_owned()),
        Some(name) => (name.as_str(), encoded(name, names)),
    };
    let scope = |level: Level, segments: &[&(&str, String)]| {
        let (mut key, mut path) = (level.to_string(), level.to_string());
        for (plain, encoded) in segments {
            key = format!("{key}/{plain}");
            path = format!("{path}/{encoded}");
        }
        ScopeKey { level, key, path }
    };
    ScopeKeys {
        agent: scope(Level::Agent, &[&agent]),
        adapter: scope(Level::Adapter, &[&agent, &provider]),
        channel: scope(Level::Channel, &[&agent, &provider, &team, &channel]),
        user: scope(Level::User, &[&agent, &provider, &team, &actor]),
    }
}

/// The scope of one level.
pub fn select_scope(keys: &ScopeKeys, level: Level) -> &ScopeKey {
    match level {
        Level::Agent => &keys.agent,
        Level::Adapter => &keys.adapter,
        Level::Channel => &keys.channel,
        Level::User => &keys.user,
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Agent => "agent",
            Level::Adapter => "adapter",
            Level::Channel => "channel",
            Level::User => "user",
        })
    }
}

/// The path of an attachment, `scopes/<scope>/<path>`, of a file in a scope. One that has that form
/// already is kept.
pub fn attachment_path(scope: &str, path: &str) -> Result<String, Error> {
    if path.is_empty() {
        return Err(Error::invalid_argument("path is required"));
    }
    if path.contains('\0') || scope.contains('\0') {
        return Err(Error::invalid_argument("path contains invalid character"));
    }
    let prefix = format!("scopes/{scope}/");
    let below = path.strip_prefix(&prefix).unwrap_or(path);
    let mut names = Vec::new();
    for name in below.split('/') {
        let escapes = match name {
            "" | "." => false,
            ".." => names.pop().is_none(),
            name => {
                names.push(name);
                false
            }
        };
        if escapes {
            let message = "path escapes runtime scope";
            return Err(Error::failed(Code::PermissionDenied, message));
        }
    }
    if names.is_empty() {
        return Err(Error::invalid_argument("path is required"));
    }
    Ok(prefix + &names.join("/"))
}
