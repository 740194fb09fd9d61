//! The rules of `find`, whose arguments are paths and then an expression.

use super::rules::{Plan, is_number, refused};
use crate::tool::native::error::NativeError;

/// Tests and options without a value. Of the actions, those that only print.
const ALONE: &[&str] = &[
    "-a",
    "-and",
    "-daystart",
    "-depth",
    "-empty",
    "-false",
    "-ls",
    "-mount",
    "-nogroup",
    "-not",
    "-nouser",
    "-o",
    "-or",
    "-print",
    "-print0",
    "-prune",
    "-quit",
    "-true",
    "-xdev",
];
/// Those with a text.
const WITH_TEXT: &[&str] =
    &["-iname", "-ipath", "-iregex", "-name", "-path", "-perm", "-regex", "-type", "-wholename"];
/// Those with a number.
const WITH_NUMBER: &[&str] = &[
    "-amin",
    "-atime",
    "-cmin",
    "-ctime",
    "-inum",
    "-links",
    "-maxdepth",
    "-mindepth",
    "-mmin",
    "-mtime",
    "-size",
];

/// Everything else is refused: what removes, runs, writes, follows links or reads other files.
pub(super) fn check(arguments: &[String]) -> Result<Plan, NativeError> {
    let first = arguments.iter().position(|argument| argument.starts_with('-'));
    let (paths, expression) = arguments.split_at(first.unwrap_or(arguments.len()));
    let mut left = expression.iter();
    while let Some(argument) = left.next() {
        let known = argument.as_str();
        if ALONE.contains(&known) {
            continue;
        }
        let takes_number = WITH_NUMBER.contains(&known);
        if !takes_number && !WITH_TEXT.contains(&known) {
            return Err(refused("find", argument));
        }
        let value = left.next().ok_or_else(|| refused("find", argument))?;
        if takes_number && !is_number(value) {
            return Err(refused("find", value));
        }
    }
    Ok(Plan { arguments: arguments.to_vec(), paths: paths.to_vec() })
}
