//! `sfumato demo`: an invented store, the proxy in front of it, before and after side by side.
//!
//! The first thing that anyone sees of this program. It needs nothing but itself, shows what changes and what does
//! not, plays the probe of 2022 against both, and then goes on serving so that one can try.
//!
//! Invariant: the proxy is started by `app` from `config/demo.toml`, as `run` starts one; nothing that is shown of it was
//! computed here.

mod people;
mod probe;
mod proxy;
mod questions;
mod screen;
mod store;
mod story;

use std::sync::Arc;

use people::World;
use questions::Asker;
use screen::Screen;
use story::Both;

use super::{Error, Outcome};

/// `sfumato demo`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// End after the story instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
}

/// Tells the story on standard output, then serves until Ctrl-C.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(args))
}

async fn play(args: &Args) -> Result<Outcome, Error> {
    let world = Arc::new(World::invent());
    let raw = store::start(Arc::clone(&world)).await?;
    let proxy = proxy::start(raw).await?;
    let (_, coarse) = proxy.addresses().next().ok_or("the policy of the demonstration has no store")?;
    let columns = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
    let mut screen = Screen::new(anstream::stdout().lock(), columns);
    let both = Both { raw: Asker::new(raw), coarse: Asker::new(coarse) };
    story::tell(&mut screen, &world, &both).await?;
    if !args.once {
        story::invite(&mut screen, &both)?;
        tokio::signal::ctrl_c().await?;
        // Whoever read the story may have gone away.
        let _closed = screen.space();
    }
    proxy.stop().await;
    Ok(Outcome::Fine)
}
