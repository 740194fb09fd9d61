//! `head`: the beginning of files, and as much of a device as was asked for.

use bashkit::{Command, CommandContext, CommandStatus, Result, async_trait};

use super::options::{Spec, Takes, none, option, sort};
use super::{CHUNK, absolute, complain, reason};

const OPTIONS: &[Spec] = &[
    option('n', "lines", Takes::Value),
    option('c', "bytes", Takes::Value),
    option('q', "quiet", Takes::Nothing),
    option('q', "silent", Takes::Nothing),
    option('v', "verbose", Takes::Nothing),
    option('z', "zero-terminated", Takes::Nothing),
];
/// Of one input that has to be kept.
const MAX_INPUT: usize = 256 << 20;

pub(super) struct Head;

/// How much is wanted.
#[derive(Clone, Copy)]
enum Amount {
    First(u64),
    /// All but the last.
    ButLast(u64),
}

/// Counts what is given on.
struct Taking {
    amount: Amount,
    /// Ends a line; nothing where bytes are counted.
    end: Option<u8>,
    left: u64,
    kept: Vec<u8>,
}

impl Taking {
    fn new(amount: Amount, end: Option<u8>) -> Taking {
        let left = if let Amount::First(left) = amount { left } else { 0 };
        Taking { amount, end, left, kept: Vec::new() }
    }

    /// What of these bytes is given on at once; the second is true when no more is wanted.
    fn take<'a>(&mut self, bytes: &'a [u8]) -> (&'a [u8], bool) {
        if let Amount::ButLast(_) = self.amount {
            self.kept.extend_from_slice(bytes);
            return (&[], false);
        }
        let mut until = 0;
        match self.end {
            None => {
                until = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= until as u64;
            }
            Some(end) => {
                while self.left > 0 && until < bytes.len() {
                    let line = bytes[until..].iter().position(|byte| *byte == end);
                    until += line.map_or(bytes.len() - until, |at| at + 1);
                    self.left -= u64::from(line.is_some());
                }
            }
        }
        let given = &bytes[..until];
        (given, self.left == 0)
    }

    /// What is given on at the end.
    fn rest(&self) -> &[u8] {
        let Amount::ButLast(but) = self.amount else { return &[] };
        let but = usize::try_from(but).unwrap_or(usize::MAX);
        let kept = match self.end {
            None => self.kept.len().saturating_sub(but),
            Some(end) => {
                let mut ends: Vec<usize> = self
                    .kept
                    .iter()
                    .enumerate()
                    .filter(|at| *at.1 == end)
                    .map(|at| at.0 + 1)
                    .collect();
                if self.kept.last().is_some_and(|byte| *byte != end) {
                    ends.push(self.kept.len());
                }
                if but >= ends.len() {
                    0
                } else if but == 0 {
                    self.kept.len()
                } else {
                    ends[ends.len() - but - 1]
                }
            }
        };
        &self.kept[..kept]
    }
}

#[async_trait]
impl Command for Head {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let args = without_old_form(ctx.args);
        let words = match sort(&args, OPTIONS, none) {
            Ok(words) => words,
            Err(sentence) => {
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            }
        };
        let counted =
            words.options.iter().rev().find(|(name, _)| matches!(*name, "lines" | "bytes"));
        let (of, text) = counted.map_or(("lines", "10"), |(name, value)| (*name, value.as_str()));
        let Some(amount) = amount_of(text) else {
            let sentence = format!("invalid number of {of}: '{text}'");
            return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
        };
        let end = if words.has("zero-terminated") { 0 } else { b'\n' };
        let end = (of == "lines").then_some(end);
        let stdin = [String::from("-")];
        let names = if words.operands.is_empty() { &stdin[..] } else { &words.operands };
        let titles = (names.len() > 1 && !words.has("quiet") && !words.has("silent"))
            || words.has("verbose");
        let (mut code, mut first) = (0, true);
        for name in names {
            let mut source = match Source::open(&ctx, name).await {
                Ok(source) => source,
                Err(error) => {
                    let why = reason(&error);
                    let sentence = if why == "Is a directory" {
                        format!("error reading '{name}': {why}")
                    } else {
                        format!("cannot open '{name}' for reading: {why}")
                    };
                    code = complain(&ctx, &sentence, 1).await?;
                    continue;
                }
            };
            if titles {
                let gap = if first { "" } else { "\n" };
                let shown = if name == "-" { "standard input" } else { name };
                ctx.stdout.write_all(format!("{gap}==> {shown} <==\n").as_bytes()).await?;
            }
            first = false;
            let mut taking = Taking::new(amount, end);
            let mut over = matches!(amount, Amount::First(0));
            while !over && let Some(bytes) = source.next(&ctx).await? {
                let (given, enough) = taking.take(&bytes);
                ctx.stdout.write_all(given).await?;
                over = enough;
                if taking.kept.len() > MAX_INPUT {
                    code = complain(&ctx, &format!("{name}: input too large"), 1).await?;
                    break;
                }
                tokio::task::yield_now().await;
            }
            ctx.stdout.write_all(taking.rest()).await?;
        }
        Ok(CommandStatus::with_code(code))
    }
}

/// `head -5`.
fn without_old_form(args: &[String]) -> Vec<String> {
    let mut args = args.to_vec();
    let old = args.first().and_then(|word| word.strip_prefix('-'));
    if let Some(number) = old
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        args[0] = format!("-n{number}");
    }
    args
}

fn amount_of(text: &str) -> Option<Amount> {
    let (but_last, number) = match text.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = number.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(number.len());
    let unit: u64 = match &number[digits..] {
        "" => 1,
        "b" => 512,
        "kB" => 1000,
        "k" | "K" | "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "m" | "M" | "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "G" | "GiB" => 1 << 30,
        _ => return None,
    };
    let amount = number[..digits].parse::<u64>().ok()?.checked_mul(unit)?;
    Some(if but_last { Amount::ButLast(amount) } else { Amount::First(amount) })
}

/// Where bytes come from.
enum Source {
    Stdin,
    Bytes(Option<Vec<u8>>),
    Zeros,
    Random,
}

impl Source {
    async fn open(ctx: &CommandContext<'_>, name: &str) -> Result<Source> {
        let path = absolute(ctx, name);
        Ok(match (name, path.to_str()) {
            ("-", _) | (_, Some("/dev/stdin")) => Source::Stdin,
            (_, Some("/dev/zero")) => Source::Zeros,
            (_, Some("/dev/urandom" | "/dev/random")) => Source::Random,
            _ => Source::Bytes(Some(ctx.fs.read_file(&path).await?)),
        })
    }

    async fn next(&mut self, ctx: &CommandContext<'_>) -> Result<Option<Vec<u8>>> {
        match self {
            Source::Stdin => ctx.stdin.read_chunk().await,
            Source::Bytes(bytes) => Ok(bytes.take()),
            Source::Zeros => Ok(Some(vec![0; CHUNK])),
            Source::Random => {
                let mut bytes = vec![0; CHUNK];
                let failed = |_| std::io::Error::from(std::io::ErrorKind::Unsupported);
                getrandom::fill(&mut bytes).map_err(failed)?;
                Ok(Some(bytes))
            }
        }
    }
}

/// All of stdin, up to a bound.
pub(super) async fn all_input(ctx: &CommandContext<'_>) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(chunk) = ctx.stdin.read_chunk().await? {
        all.extend_from_slice(&chunk);
        if all.len() > MAX_INPUT {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge).into());
        }
    }
    Ok(all)
}
