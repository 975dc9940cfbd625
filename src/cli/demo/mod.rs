//! `sfumato demo`: an invented store, the proxy in front of it, before and after side by side.
//!
//! The first thing that anyone sees of this program. It needs nothing but itself (and shows more where the programs of
//! a PostgreSQL server are found), shows what changes and what does
//! not, plays the probe of 2022 against both, and then goes on serving so that one can try.
//!
//! Invariant: the proxy is started by `app` from `config/demo.toml`, as `run` starts one; nothing that is shown of it was
//! computed here.

mod people;
mod probe;
mod proxy;
mod questions;
mod screen;
mod sql;
mod store;
mod story;

use std::sync::Arc;

use people::World;
use proxy::Fresh;
use questions::Asker;
use screen::Screen;
use story::Both;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Error, Outcome};

/// `sfumato demo`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// End after the story instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
}

/// Tells the story on standard output, then serves until it is interrupted.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let ends = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        let [mut interrupt, mut terminate, mut hang_up] = ends;
        // Whatever was started ends with the play, wherever that is interrupted.
        tokio::select! {
            biased;
            () = received(&mut interrupt) => Ok(Outcome::Fine),
            () = received(&mut terminate) => Ok(Outcome::Fine),
            () = received(&mut hang_up) => Ok(Outcome::Fine),
            played = play(args) => played,
        }
    })
}

/// Returns when the signal has come; never, if the system does not let us wait for it.
async fn received(signal: &mut std::io::Result<Signal>) {
    match signal {
        Ok(signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

async fn play(args: &Args) -> Result<Outcome, Error> {
    let coming = sql::prepare();
    let world = Arc::new(World::invent());
    let keys = Fresh::new()?;
    let raw = store::start(Arc::clone(&world)).await?;
    let proxy = proxy::http(&keys, raw).await?;
    let (_, coarse) = proxy.addresses().next().ok_or("the policy of the demonstration has no store")?;
    let columns = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
    let mut screen = Screen::new(anstream::stdout().lock(), columns);
    let both = Both { raw: Asker::new(raw), coarse: Asker::new(coarse) };
    story::tell(&mut screen, &world, &both).await?;
    let mut stage = coming.stage(&keys, &world).await;
    match &mut stage {
        Ok(stage) => sql::tell(&mut screen, stage).await?,
        Err(reason) => story::without_database(&mut screen, reason.as_ref())?,
    }
    if !args.once {
        story::invite(&mut screen, &both)?;
        if let Ok(stage) = &stage {
            sql::invite(&mut screen, stage)?;
        }
        screen.space()?;
        std::future::pending::<()>().await;
    }
    if let Ok(stage) = stage {
        stage.end().await;
    }
    proxy.stop().await;
    Ok(Outcome::Fine)
}
