//! `yes`: a line without end, until nobody reads it.

use bashkit::{Command, CommandContext, CommandStatus, Result, async_trait};

use super::CHUNK;

pub(super) struct Yes;

#[async_trait]
impl Command for Yes {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let line = if ctx.args.is_empty() { "y".to_owned() } else { ctx.args.join(" ") };
        let line = format!("{line}\n");
        let lines = line.repeat((CHUNK / line.len()).max(1));
        loop {
            ctx.stdout.write_all(lines.as_bytes()).await?;
            // Others of the script, and whoever may end it, get their turn.
            tokio::task::yield_now().await;
        }
    }
}
