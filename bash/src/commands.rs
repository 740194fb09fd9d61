//! Commands of our own, which take the place of those of the engine where these differ from the usual
//! ones, or cut what they print without a word.

mod bc;
mod head;
mod ls;
mod mkdir;
mod options;
mod seq;
mod yes;
mod zcat;

use bashkit::{BashBuilder, Command, CommandContext};

/// Names that no system keeps as files.
const OF_THE_SHELL: &[&str] = &[
    ".",
    ":",
    "[[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "pushd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "times",
    "trap",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Bytes that are written at once.
const CHUNK: usize = 16 * 1024;

/// True for what is part of the shell itself.
pub(crate) fn is_of_the_shell(name: &str) -> bool {
    OF_THE_SHELL.contains(&name)
}

/// Adds those of our own that `keep` lets be.
pub(crate) fn register(mut builder: BashBuilder, keep: &dyn Fn(&str) -> bool) -> BashBuilder {
    fn add(
        builder: BashBuilder,
        keep: &dyn Fn(&str) -> bool,
        name: &str,
        command: impl Command + 'static,
    ) -> BashBuilder {
        if keep(name) { builder.command(name, command) } else { builder }
    }
    builder = add(builder, keep, "bc", bc::Bc);
    builder = add(builder, keep, "head", head::Head);
    builder = add(builder, keep, "ls", ls::Ls);
    builder = add(builder, keep, "mkdir", mkdir::MakeDirectory);
    builder = add(builder, keep, "seq", seq::Seq);
    builder = add(builder, keep, "yes", yes::Yes);
    add(builder, keep, "zcat", zcat::ZCat)
}

/// Tells why a command fails; gives its exit code.
async fn complain(ctx: &CommandContext<'_>, sentence: &str, code: i32) -> bashkit::Result<i32> {
    let line = format!("{}: {sentence}\n", ctx.name);
    ctx.stderr.write_all(line.as_bytes()).await?;
    Ok(code)
}

/// The reason of an error of the file system, as the system's own commands tell it.
fn reason(error: &bashkit::Error) -> String {
    match error {
        bashkit::Error::Io(io) => {
            let text = io.to_string();
            let known = match io.kind() {
                std::io::ErrorKind::NotFound => "No such file or directory",
                std::io::ErrorKind::PermissionDenied => "Permission denied",
                std::io::ErrorKind::AlreadyExists => "File exists",
                std::io::ErrorKind::NotADirectory => "Not a directory",
                std::io::ErrorKind::IsADirectory => "Is a directory",
                _ => return text,
            };
            known.to_owned()
        }
        other => other.to_string(),
    }
}

fn absolute(ctx: &CommandContext<'_>, path: &str) -> std::path::PathBuf {
    bashkit::normalize_path(&ctx.cwd.join(path))
}
