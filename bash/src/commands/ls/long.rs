//! The long form of `ls`: rights, owner, size, time.

use std::fmt::Write as _;
use std::time::SystemTime;

use bashkit::{FileType, Metadata};
use chrono::{DateTime, Utc};

use super::super::options::Words;
use super::{Entry, Style};

/// Whom everything in a workspace belongs to, as `id` says it.
const OWNER: &str = "user";
const OWNER_NUMBER: &str = "1000";
/// What a directory takes on most disks.
const DIRECTORY_BYTES: u64 = 4096;
/// Times further away than about half a year are shown with their year.
const RECENT_SECONDS: i64 = 15_778_476;

/// What the long form shows.
pub(super) struct Details {
    owner: Option<&'static str>,
    group: Option<&'static str>,
    /// Sizes with a unit of this base.
    units: Option<u64>,
    time: Option<String>,
    now: SystemTime,
}

impl Details {
    pub(super) fn of(words: &Words) -> Details {
        let name = if words.has("numeric-uid-gid") { OWNER_NUMBER } else { OWNER };
        let style =
            if words.has("full-time") { Some("full-iso") } else { words.value("time-style") };
        let time = style.and_then(|style| match style.trim_start_matches("posix-") {
            "full-iso" => Some("%Y-%m-%d %H:%M:%S.%f %z".to_owned()),
            "long-iso" => Some("%Y-%m-%d %H:%M".to_owned()),
            "iso" => Some("%m-%d %H:%M".to_owned()),
            other => other.strip_prefix('+').map(str::to_owned),
        });
        let base = words.options.iter().rev().find_map(|(name, _)| match *name {
            "human-readable" => Some(1024),
            "si" => Some(1000),
            _ => None,
        });
        let without_group = words.has("o") || words.has("no-group");
        Details {
            owner: (!words.has("no-owner")).then_some(name),
            group: (!without_group).then_some(name),
            units: base,
            time,
            now: SystemTime::now(),
        }
    }
}

pub(super) fn total(entries: &[Entry], style: &Style) -> String {
    let bytes: u64 = entries.iter().map(|entry| blocks(&entry.facts)).sum::<u64>() * 1024;
    match style.details.units {
        Some(_) => format!("total {}\n", size(bytes, style)),
        None => format!("total {}\n", bytes / 1024),
    }
}

fn bytes_of(facts: &Metadata) -> u64 {
    if facts.file_type.is_dir() { DIRECTORY_BYTES } else { facts.size }
}

/// Of 1,024 bytes, in fours.
fn blocks(facts: &Metadata) -> u64 {
    if facts.file_type.is_symlink() { 0 } else { bytes_of(facts).div_ceil(4096) * 4 }
}

pub(super) fn lines(entries: &[Entry], style: &Style) -> String {
    let sizes: Vec<String> =
        entries.iter().map(|entry| size(bytes_of(&entry.facts), style)).collect();
    let width = sizes.iter().map(String::len).max().unwrap_or(0);
    let times: Vec<String> = entries.iter().map(|entry| time(&entry.facts, style)).collect();
    let mut text = String::new();
    for ((entry, size), time) in entries.iter().zip(&sizes).zip(&times) {
        let links = if entry.facts.file_type.is_dir() { 2 } else { 1 };
        let mut who = String::new();
        for name in [style.details.owner, style.details.group].into_iter().flatten() {
            who.push_str(name);
            who.push(' ');
        }
        let target = entry.target.as_ref().filter(|_| entry.facts.file_type.is_symlink());
        let arrow = target.map(|target| format!(" -> {target}")).unwrap_or_default();
        let rights = rights(&entry.facts);
        let name = style.name(entry);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{rights} {links} {who}{size:>width$} {time} {name}{arrow}");
    }
    text
}

fn rights(facts: &Metadata) -> String {
    let kind = match facts.file_type {
        FileType::Directory => 'd',
        FileType::Symlink => 'l',
        FileType::Fifo => 'p',
        FileType::File => '-',
    };
    let mode = if facts.file_type.is_symlink() { 0o777 } else { facts.mode };
    let bits = (0..9).rev().zip("rwxrwxrwx".chars());
    let shown = bits.map(|(bit, letter)| if mode >> bit & 1 == 1 { letter } else { '-' });
    std::iter::once(kind).chain(shown).collect()
}

/// With one digit after the point below ten, rounded up, as `-h` does it.
fn size(bytes: u64, style: &Style) -> String {
    let Some(base) = style.details.units else { return bytes.to_string() };
    let letters =
        if base == 1000 { ["", "k", "M", "G", "T", "P"] } else { ["", "K", "M", "G", "T", "P"] };
    let (mut unit, mut at) = (1, 0);
    while bytes >= unit * base && at + 1 < letters.len() {
        unit *= base;
        at += 1;
    }
    if at == 0 {
        return bytes.to_string();
    }
    let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(unit));
    if tenths < 100 {
        return format!("{}.{}{}", tenths / 10, tenths % 10, letters[at]);
    }
    format!("{}{}", bytes.div_ceil(unit), letters[at])
}

fn time(facts: &Metadata, style: &Style) -> String {
    let modified: DateTime<Utc> = facts.modified.into();
    if let Some(format) = &style.details.time {
        return modified.format(format).to_string();
    }
    let now: DateTime<Utc> = style.details.now.into();
    let age = (now - modified).num_seconds();
    let recent = (-60..RECENT_SECONDS).contains(&age);
    modified.format(if recent { "%b %e %H:%M" } else { "%b %e  %Y" }).to_string()
}
