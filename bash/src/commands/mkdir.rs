//! `mkdir`, with the modes it is asked for.

use std::path::{Path, PathBuf};

use bashkit::{Command, CommandContext, CommandStatus, Result, async_trait};

use super::options::{Spec, Takes, none, option, sort};
use super::{absolute, complain, reason};

const OPTIONS: &[Spec] = &[
    option('p', "parents", Takes::Nothing),
    option('m', "mode", Takes::Value),
    option('v', "verbose", Takes::Nothing),
];

pub(super) struct MakeDirectory;

#[async_trait]
impl Command for MakeDirectory {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let words = match sort(ctx.args, OPTIONS, none) {
            Ok(words) => words,
            Err(sentence) => {
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            }
        };
        if words.operands.is_empty() {
            return Ok(CommandStatus::with_code(complain(&ctx, "missing operand", 1).await?));
        }
        let mode = match words.value("mode").map(|text| (text, mode_of(text))) {
            Some((text, None)) => {
                let sentence = format!("invalid mode '{text}'");
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            }
            Some((_, mode)) => mode,
            None => None,
        };
        let mut code = 0;
        for name in &words.operands {
            let path = absolute(&ctx, name);
            // As the kernel does it: `d/` is `d`, and `` is nothing.
            let outcome = if name.is_empty() {
                Err(std::io::Error::from(std::io::ErrorKind::NotFound).into())
            } else {
                make(&ctx, &path, words.has("parents")).await
            };
            match outcome {
                Ok(new) => {
                    if let Some(mode) = mode
                        && new.last() == Some(&path)
                    {
                        ctx.fs.chmod(&path, mode).await?;
                    }
                    if words.has("verbose") {
                        let said: String =
                            new.iter().map(|path| said(ctx.cwd, path, name)).collect();
                        ctx.stdout.write_all(said.as_bytes()).await?;
                    }
                }
                Err(error) => {
                    let why = reason(&error);
                    let sentence = format!("cannot create directory ‘{name}’: {why}");
                    code = complain(&ctx, &sentence, 1).await?;
                }
            }
        }
        Ok(CommandStatus::with_code(code))
    }
}

fn said(cwd: &Path, path: &Path, name: &str) -> String {
    let shown = if name.starts_with('/') { path } else { path.strip_prefix(cwd).unwrap_or(path) };
    format!("mkdir: created directory '{}'\n", shown.display())
}

/// Makes it, and with `parents` what is missing above it; gives what was made.
async fn make(ctx: &CommandContext<'_>, path: &Path, parents: bool) -> Result<Vec<PathBuf>> {
    if !parents {
        ctx.fs.mkdir(path, false).await?;
        return Ok(vec![path.to_owned()]);
    }
    let mut missing = Vec::new();
    for above in path.ancestors() {
        match ctx.fs.stat(above).await {
            Ok(facts) if facts.file_type.is_dir() => break,
            Ok(_) if above == path => {
                return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
            }
            Ok(_) => return Err(std::io::Error::from(std::io::ErrorKind::NotADirectory).into()),
            Err(_) => missing.push(above.to_owned()),
        }
    }
    missing.reverse();
    for path in &missing {
        ctx.fs.mkdir(path, true).await?;
    }
    Ok(missing)
}

/// `700`, or `u=rwx,go=` and its like for a directory that begins with all rights.
fn mode_of(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| (b'0'..b'8').contains(&byte)) {
        return u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
    }
    let mut mode = 0o777;
    for clause in text.split(',') {
        let at = clause.find(['=', '+', '-'])?;
        let mut mask = 0;
        for who in clause[..at].chars() {
            mask |= match who {
                'u' => 0o700,
                'g' => 0o070,
                'o' => 0o007,
                'a' => 0o777,
                _ => return None,
            };
        }
        let mask = if mask == 0 { 0o777 } else { mask };
        let mut bits = 0;
        for what in clause[at + 1..].chars() {
            bits |= match what {
                'r' => 0o444,
                'w' => 0o222,
                'x' | 'X' => 0o111,
                _ => return None,
            };
        }
        mode = match clause.as_bytes().get(at) {
            Some(b'=') => mode & !mask | bits & mask,
            Some(b'+') => mode | bits & mask,
            _ => mode & !(bits & mask),
        };
    }
    Some(mode)
}
