//! The house's inner walls: which room may name which crate, which room, and `unsafe`.
//!
//! Each wall is also shown to be one: a planted breach must be found.

#![expect(clippy::disallowed_methods, reason = "reads the crate's own sources")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// A name, and the places (prefixes below `src/`) that may use it.
const WALLS: &[(&str, &[&str])] = &[
    ("napi", &["node"]),
    ("napi_derive", &["node"]),
    ("rquickjs", &["codelet/engine"]),
    ("libc", &["codelet/engine", "process", "sandbox", "scoped_fs"]),
    ("landlock", &["sandbox"]),
    ("windows_sys", &["sandbox/windows"]),
    ("crate::sandbox", &["node", "tool", "spawn", "process", "sandbox"]),
    ("rlsf", &["codelet/engine"]),
    ("crate::node", &["node"]),
    ("crate::codelet", &["node", "codelet", "outcome.rs"]),
    ("oxc_parser", &["codelet/compile"]),
    ("crate::tool", &["node", "tool"]),
    ("crate::spawn", &["node", "spawn"]),
    ("crate::guard", &["node", "guard"]),
    ("tree_sitter", &["guard"]),
    ("tree_sitter_bash", &["guard/parse"]),
    ("crate::permission", &["node", "tool", "spawn", "process", "sandbox", "permission"]),
    ("idna", &["permission"]),
    ("ipnet", &["permission"]),
    ("icu_normalizer", &["tool/rules"]),
    ("jsonschema", &["tool/schema"]),
    ("aho_corasick", &["tool/redact"]),
    ("saphyr", &["tool/yaml"]),
    ("saphyr_parser", &["tool/yaml"]),
    ("crate::process", &["node", "tool", "spawn", "process", "sandbox/tests", "codelet/remote"]),
    ("crate::scoped_fs", &["tool", "workspace", "scoped_fs"]),
    ("crate::workspace", &["node", "workspace"]),
    ("grep_matcher", &["workspace/search"]),
    ("grep_regex", &["workspace/search"]),
    ("grep_searcher", &["workspace/search"]),
    ("globset", &["workspace/search"]),
    ("tokio", &["codelet/remote", "node", "process", "spawn", "tool"]),
];
const UNSAFE: &[&str] = &["node", "codelet/engine", "process", "sandbox", "scoped_fs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// True when `name` occurs in `code` as a path segment of its own.
fn names(code: &str, name: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(name).any(|(at, _)| {
        let rest = &code[at + name.len()..];
        !word(code[..at].chars().next_back()) && (rest.starts_with("::") || rest.starts_with(';'))
    })
}

/// Every breach in one file, as `line: what`.
fn breaches(place: &str, text: &str) -> Vec<String> {
    let inside = |allowed: &[&str]| allowed.iter().any(|room| place.starts_with(room));
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        for (name, allowed) in WALLS {
            if !inside(allowed) && names(code, name) {
                found.push(format!("{place}:{}: {name}", number + 1));
            }
        }
        let is_unsafe =
            code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl");
        if is_unsafe && !inside(UNSAFE) {
            found.push(format!("{place}:{}: unsafe", number + 1));
        }
    }
    found
}

#[test]
fn every_room_keeps_to_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "found only {} files", files.len());
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let place = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            breaches(&place, &fs::read_to_string(file).unwrap())
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_breach_is_found() {
    for (place, line) in [
        ("codelet/worker.rs", "use napi::Env;"),
        ("codelet/worker.rs", "use crate::node::open;"),
        ("codelet/pool.rs", "let x = libc::getpid();"),
        ("sandbox/policy.rs", "use windows_sys::core::BOOL;"),
        ("tool.rs", "use rquickjs::qjs;"),
        ("limits.rs", "use crate::codelet::Runner;"),
        ("codelet/runner.rs", "unsafe { go() }"),
        ("codelet/worker.rs", "use tokio::spawn;"),
        ("node/native_tools.rs", "use crate::scoped_fs::Root;"),
        ("tool/schema.rs", "use saphyr_parser::Parser;"),
        ("codelet/runner.rs", "use crate::permission::PermissionSet;"),
        ("permission/path.rs", "use crate::tool::rules;"),
        ("tool.rs", "use idna::uts46;"),
        ("tool/room.rs", "use jsonschema::Validator;"),
        ("tool/log_lines.rs", "use aho_corasick::AhoCorasick;"),
        ("workspace/files.rs", "use crate::process::launch;"),
        ("workspace/edit.rs", "use tokio::fs;"),
        ("workspace/read.rs", "let x = libc::open();"),
        ("workspace/read.rs", "unsafe { read() }"),
        ("workspace/listing.rs", "use grep_searcher::Searcher;"),
        ("tool/native.rs", "use crate::workspace::Workspace;"),
        ("scoped_fs/walk.rs", "use crate::workspace::Cancel;"),
        ("tool.rs", "use crate::guard::Guard;"),
        ("guard/judge.rs", "use crate::node::invalid;"),
        ("guard/judge.rs", "use crate::sandbox::Policy;"),
        ("guard/words.rs", "tree_sitter_bash::LANGUAGE;"),
        ("node/guard.rs", "use tree_sitter::Node;"),
    ] {
        assert_eq!(breaches(place, line).len(), 1, "{place}: {line}");
    }
    assert!(breaches("codelet/engine/arena.rs", "unsafe { libc::munmap() }").is_empty());
}
