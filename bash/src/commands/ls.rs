//! `ls`, as it prints where nobody looks: one name in a line.

mod long;

use std::cmp::Ordering;
use std::path::Path;

use bashkit::{Command, CommandContext, CommandStatus, FileType, Metadata, Result, async_trait};

use super::options::{Spec, Takes, Words, none, option, sort};
use super::{absolute, complain, reason};

const OPTIONS: &[Spec] = &[
    option('a', "all", Takes::Nothing),
    option('A', "almost-all", Takes::Nothing),
    option('l', "long", Takes::Nothing),
    option('n', "numeric-uid-gid", Takes::Nothing),
    option('g', "no-owner", Takes::Nothing),
    option('o', "o", Takes::Nothing),
    option('G', "no-group", Takes::Nothing),
    option('1', "one", Takes::Nothing),
    option('C', "columns", Takes::Nothing),
    option('x', "across", Takes::Nothing),
    option('m', "commas", Takes::Nothing),
    option('d', "directory", Takes::Nothing),
    option('h', "human-readable", Takes::Nothing),
    option('R', "recursive", Takes::Nothing),
    option('r', "reverse", Takes::Nothing),
    option('t', "t", Takes::Nothing),
    option('S', "S", Takes::Nothing),
    option('X', "X", Takes::Nothing),
    option('v', "v", Takes::Nothing),
    option('U', "U", Takes::Nothing),
    option('f', "f", Takes::Nothing),
    option('F', "classify", Takes::Perhaps),
    option('p', "p", Takes::Nothing),
    option('L', "dereference", Takes::Nothing),
    option('H', "dereference-command-line", Takes::Nothing),
    option('q', "hide-control-chars", Takes::Nothing),
    option('N', "literal", Takes::Nothing),
    option('Q', "quote-name", Takes::Nothing),
    option('k', "kibibytes", Takes::Nothing),
    option('s', "size", Takes::Nothing),
    option('i', "inode", Takes::Nothing),
    option('u', "u", Takes::Nothing),
    option('c', "c", Takes::Nothing),
    option('I', "ignore", Takes::Value),
    option('\0', "color", Takes::Perhaps),
    option('\0', "file-type", Takes::Nothing),
    option('\0', "full-time", Takes::Nothing),
    option('\0', "time-style", Takes::Value),
    option('\0', "sort", Takes::Value),
    option('\0', "si", Takes::Nothing),
    option('\0', "group-directories-first", Takes::Nothing),
    option('\0', "show-control-chars", Takes::Nothing),
];
/// Directories that are listed one below the other.
const MAX_DEPTH: usize = 200;

pub(super) struct Ls;

/// One name and what it is.
struct Entry {
    name: String,
    facts: Metadata,
    /// Where a link points.
    target: Option<String>,
}

#[async_trait]
impl Command for Ls {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let words = match sort(ctx.args, OPTIONS, none) {
            Ok(words) => words,
            Err(sentence) => {
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 2).await?));
            }
        };
        let here = [String::from(".")];
        let names = if words.operands.is_empty() { &here[..] } else { &words.operands };
        let style = Style::of(&words);
        let (mut files, mut directories, mut code) = (Vec::new(), Vec::new(), 0);
        for name in names {
            let path = absolute(&ctx, name);
            let follows = words.has("dereference")
                || words.has("dereference-command-line")
                || name.ends_with('/')
                || (!style.long && !words.has("directory"));
            let found = if follows {
                match ctx.fs.stat(&path).await {
                    // A link that leads nowhere is shown itself.
                    Err(_) => ctx.fs.lstat(&path).await,
                    found => found,
                }
            } else {
                ctx.fs.lstat(&path).await
            };
            match found {
                Ok(facts) if facts.file_type.is_dir() && !words.has("directory") => {
                    directories.push(Entry { name: name.clone(), facts, target: None });
                }
                Ok(facts) => {
                    let target = target_of(&ctx, &path, &facts).await;
                    files.push(Entry { name: name.clone(), facts, target });
                }
                Err(error) => {
                    let sentence = format!("cannot access '{name}': {}", reason(&error));
                    code = complain(&ctx, &sentence, 2).await?;
                }
            }
        }
        style.order(&mut files);
        style.order(&mut directories);
        let titles = names.len() > 1 || words.has("recursive");
        let mut first = files.is_empty();
        ctx.stdout.write_all(style.lines(&files).as_bytes()).await?;
        directories.reverse();
        while let Some(directory) = directories.pop() {
            let path = absolute(&ctx, &directory.name);
            let mut entries = match listed(&ctx, &path, &style).await {
                Ok(entries) => entries,
                Err(error) => {
                    let why = reason(&error);
                    let sentence = format!("cannot open directory '{}': {why}", directory.name);
                    code = complain(&ctx, &sentence, 2).await?;
                    continue;
                }
            };
            style.order(&mut entries);
            let gap = if first { "" } else { "\n" };
            let title = if titles { format!("{gap}{}:\n", directory.name) } else { String::new() };
            let total = if style.long { long::total(&entries, &style) } else { String::new() };
            let text = format!("{title}{total}{}", style.lines(&entries));
            ctx.stdout.write_all(text.as_bytes()).await?;
            first = false;
            if words.has("recursive") && path.components().count() < MAX_DEPTH {
                let below = entries.into_iter().rev().filter(|entry| {
                    entry.facts.file_type.is_dir() && !matches!(entry.name.as_str(), "." | "..")
                });
                directories.extend(below.map(|entry| {
                    let above = directory.name.trim_end_matches('/');
                    Entry { name: format!("{above}/{}", entry.name), ..entry }
                }));
            }
            tokio::task::yield_now().await;
        }
        Ok(CommandStatus::with_code(code))
    }
}

async fn target_of(ctx: &CommandContext<'_>, path: &Path, facts: &Metadata) -> Option<String> {
    if !facts.file_type.is_symlink() {
        return None;
    }
    Some(ctx.fs.read_link(path).await.ok()?.to_string_lossy().into_owned())
}

async fn listed(ctx: &CommandContext<'_>, path: &Path, style: &Style) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    if style.all {
        for (name, path) in [(".", path), ("..", path.parent().unwrap_or(path))] {
            let facts = ctx.fs.stat(path).await?;
            entries.push(Entry { name: name.to_owned(), facts, target: None });
        }
    }
    for found in ctx.fs.read_dir(path).await? {
        if found.name.starts_with('.') && !style.all && !style.almost_all {
            continue;
        }
        let path = path.join(&found.name);
        let target = target_of(ctx, &path, &found.metadata).await;
        let facts = if style.dereference {
            ctx.fs.stat(&path).await.unwrap_or(found.metadata)
        } else {
            found.metadata
        };
        entries.push(Entry { name: found.name, facts, target });
    }
    Ok(entries)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Name,
    Time,
    Size,
    Ending,
    Nothing,
}

/// How entries are shown.
#[expect(clippy::struct_excessive_bools, reason = "each is an option that the command has")]
struct Style {
    all: bool,
    almost_all: bool,
    long: bool,
    dereference: bool,
    by: By,
    reverse: bool,
    directories_first: bool,
    /// Behind a name: `/` for directories, all marks, or none.
    marks: &'static str,
    commas: bool,
    quotes: bool,
    details: long::Details,
}

impl Style {
    fn of(words: &Words) -> Style {
        let long = ["long", "numeric-uid-gid", "no-owner", "o", "full-time"];
        let by =
            words.options.iter().rev().find_map(|(name, value)| match (*name, value.as_str()) {
                ("t", _) | ("sort", "time") => Some(By::Time),
                ("S", _) | ("sort", "size") => Some(By::Size),
                ("X", _) | ("sort", "extension") => Some(By::Ending),
                ("U" | "f", _) | ("sort", "none") => Some(By::Nothing),
                _ => None,
            });
        let marks = words.options.iter().rev().find_map(|(name, value)| match *name {
            "p" => Some("/"),
            "file-type" => Some("/@|"),
            "classify" if matches!(value.as_str(), "" | "always") => Some("/@|*"),
            _ => None,
        });
        Style {
            all: words.has("all") || words.has("f"),
            almost_all: words.has("almost-all"),
            long: long.iter().any(|name| words.has(name)),
            dereference: words.has("dereference"),
            by: by.unwrap_or(By::Name),
            reverse: words.has("reverse"),
            directories_first: words.has("group-directories-first"),
            marks: marks.unwrap_or(""),
            commas: words.has("commas"),
            quotes: words.has("quote-name"),
            details: long::Details::of(words),
        }
    }

    fn order(&self, entries: &mut [Entry]) {
        let compare = |a: &Entry, b: &Entry| -> Ordering {
            let by = match self.by {
                By::Time => b.facts.modified.cmp(&a.facts.modified),
                By::Size => b.facts.size.cmp(&a.facts.size),
                By::Ending => ending(&a.name).cmp(ending(&b.name)),
                By::Name => Ordering::Equal,
                By::Nothing => return Ordering::Equal,
            };
            let by = by.then_with(|| a.name.cmp(&b.name));
            if self.reverse { by.reverse() } else { by }
        };
        entries.sort_by(compare);
        if self.directories_first {
            entries.sort_by_key(|entry| !entry.facts.file_type.is_dir());
        }
    }

    fn lines(&self, entries: &[Entry]) -> String {
        if self.long {
            return long::lines(entries, self);
        }
        let names: Vec<String> = entries.iter().map(|entry| self.name(entry)).collect();
        match names.is_empty() {
            true => String::new(),
            false if self.commas => format!("{}\n", names.join(", ")),
            false => format!("{}\n", names.join("\n")),
        }
    }

    /// A name with the mark behind it.
    fn name(&self, entry: &Entry) -> String {
        let mark = match entry.facts.file_type {
            FileType::Directory => "/",
            FileType::Symlink if self.long => "",
            FileType::Symlink => "@",
            FileType::Fifo => "|",
            FileType::File if entry.facts.mode & 0o111 != 0 => "*",
            FileType::File => "",
        };
        let mark = if self.marks.contains(mark) { mark } else { "" };
        let quote = if self.quotes { "\"" } else { "" };
        format!("{quote}{}{quote}{mark}", entry.name)
    }
}

fn ending(name: &str) -> &str {
    name.rfind('.').map_or("", |at| &name[at..])
}
