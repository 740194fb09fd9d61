//! `zcat`: what gzip packed, as it was.

use std::io::Read as _;

use bashkit::{Command, CommandContext, CommandStatus, Result, async_trait};
use flate2::read::MultiGzDecoder;

use super::options::{Spec, Takes, none, option, sort};
use super::{CHUNK, absolute, complain, reason};

const OPTIONS: &[Spec] =
    &[option('f', "force", Takes::Nothing), option('q', "quiet", Takes::Nothing)];

pub(super) struct ZCat;

#[async_trait]
impl Command for ZCat {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let mut words = match sort(ctx.args, OPTIONS, none) {
            Ok(words) => words,
            Err(sentence) => {
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            }
        };
        if words.operands.is_empty() {
            words.operands.push("-".to_owned());
        }
        let mut code = 0;
        for name in &words.operands {
            let packed = match name.as_str() {
                "-" => super::head::all_input(&ctx).await?,
                name => match read(&ctx, name).await {
                    Ok(packed) => packed,
                    Err(error) => {
                        code = complain(&ctx, &format!("{name}: {}", reason(&error)), 1).await?;
                        continue;
                    }
                },
            };
            let mut decoder = MultiGzDecoder::new(packed.as_slice());
            let mut chunk = vec![0; CHUNK];
            loop {
                match decoder.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(got) => ctx.stdout.write_all(&chunk[..got]).await?,
                    Err(_) => {
                        code = complain(&ctx, &format!("{name}: not in gzip format"), 1).await?;
                        break;
                    }
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(CommandStatus::with_code(code))
    }
}

/// A file of this name, or with the ending that gzip gives.
async fn read(ctx: &CommandContext<'_>, name: &str) -> Result<Vec<u8>> {
    match ctx.fs.read_file(&absolute(ctx, name)).await {
        Err(error) => {
            let packed = absolute(ctx, &format!("{name}.gz"));
            ctx.fs.read_file(&packed).await.map_err(|_| error)
        }
        answer => answer,
    }
}
