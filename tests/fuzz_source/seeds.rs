//! The programs that are damaged: every codelet in the repository.

use std::fs;
use std::path::Path;

use crate::programs::SAMPLES;

/// Longer texts are left out: most of a mutation's effect would be far from its cause.
const LONGEST: usize = 6000;

/// All seeds, in a fixed order.
pub(crate) fn all() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds: Vec<String> = Vec::new();
    for sample in SAMPLES {
        seeds.push(sample.code.to_owned());
        seeds.extend(sample.modules.iter().map(|(_, code)| (*code).to_owned()));
    }
    for text in texts_below(&root.join("examples/codelets")) {
        seeds.push(text);
    }
    for text in texts_below(&root.join("__test__")) {
        seeds.extend(literals(&text).into_iter().filter(|text| text.contains("export ")));
    }
    for text in texts_below(&root.join("src/codelet")) {
        seeds.extend(literals(&text).into_iter().filter(|text| text.contains("export ")));
    }
    seeds.retain(|seed| seed.len() <= LONGEST);
    let mut seen = std::collections::BTreeSet::new();
    seeds.retain(|seed| seen.insert(seed.clone()));
    seeds
}

fn texts_below(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            texts.extend(texts_below(&path));
        } else if matches!(ending, Some("ts" | "mjs" | "js" | "rs")) {
            texts.extend(fs::read_to_string(&path));
        }
    }
    texts
}

/// The string literals of a text, roughly: what stands between two equal quotes.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"', '`']) {
        let quote = char::from(rest.as_bytes()[at]);
        let behind = &rest[at + 1..];
        let end = closing(behind, quote);
        match end {
            Some(end) => {
                found.push(behind[..end].replace("\\n", "\n").replace("\\'", "'"));
                rest = &behind[end + 1..];
            }
            None => rest = behind,
        }
    }
    found
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if quote == '\'' => return None,
            _ if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}
