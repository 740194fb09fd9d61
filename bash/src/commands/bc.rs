//! `bc`: a calculator for numbers of any length, with its small language.
//!
//! - `bc/number.rs`: decimal numbers and what is done with them
//! - `bc/words.rs`, `bc/parse.rs`: from text to statements
//! - `bc/run.rs`: doing them
//! - `bc/functions.rs`: sine, logarithm and their like, of the option `-l`

mod functions;
mod number;
mod parse;
mod run;
#[cfg(test)]
mod tests;
mod words;

use bashkit::{Command, CommandContext, CommandStatus, Result, async_trait};

use self::run::{Calculator, Flow};
use super::options::{Spec, Takes, none, option, sort};
use super::{absolute, complain, reason};

const OPTIONS: &[Spec] = &[
    option('l', "mathlib", Takes::Nothing),
    option('q', "quiet", Takes::Nothing),
    option('s', "standard", Takes::Nothing),
    option('w', "warn", Takes::Nothing),
    option('i', "interactive", Takes::Nothing),
];

pub(super) struct Bc;

#[async_trait]
impl Command for Bc {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let words = match sort(ctx.args, OPTIONS, none) {
            Ok(words) => words,
            Err(sentence) => {
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            }
        };
        let mut calculator = Calculator::new(words.has("mathlib"));
        for name in &words.operands {
            let text = match ctx.fs.read_file(&absolute(&ctx, name)).await {
                Ok(text) => text,
                Err(error) => {
                    let sentence = format!("File {name} is unavailable: {}", reason(&error));
                    return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
                }
            };
            if calculate(&ctx, &mut calculator, name, &text).await? == Flow::Quit {
                return Ok(CommandStatus::success());
            }
        }
        let text = super::head::all_input(&ctx).await?;
        calculate(&ctx, &mut calculator, "(standard_in)", &text).await?;
        Ok(CommandStatus::success())
    }
}

/// Does a program line by line; what a line gets wrong is said, and the next one is done.
async fn calculate(
    ctx: &CommandContext<'_>,
    calculator: &mut Calculator,
    name: &str,
    text: &[u8],
) -> Result<Flow> {
    let text = String::from_utf8_lossy(text);
    let mut parser = parse::Parser::new(&text);
    while let Some(parsed) = parser.next_line() {
        let flow = match parsed {
            Ok(statements) => calculator.run(&statements),
            Err((line, problem)) => Err(format!("{name} {line}: {problem}")),
        };
        let printed = calculator.take_printed();
        ctx.stdout.write_all(printed.as_bytes()).await?;
        match flow {
            Ok(Flow::Quit) => return Ok(Flow::Quit),
            Ok(_) => {}
            Err(problem) => ctx.stderr.write_all(format!("{problem}\n").as_bytes()).await?,
        }
        tokio::task::yield_now().await;
    }
    Ok(Flow::On)
}
