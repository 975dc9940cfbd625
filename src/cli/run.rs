//! `sfumato run`: the proxy, until it is told to stop.

use std::io::Write as _;
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

use super::{Error, Outcome, open_files, report};
use crate::app::{self, Running};

/// What `run` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The policy file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How log lines are written on standard error
    #[arg(long, value_name = "FORM", default_value = "text")]
    log: LogForm,
}

/// How log lines are written.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum LogForm {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Serves until SIGTERM or SIGINT; SIGHUP reads the policy file again.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let config = report::load(&args.config)?;
    log_to_standard_error(args.log);
    if let Some(note) = app::open_files(&config, open_files::raise()) {
        tracing::warn!(help = note.help, "{}", note.message);
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let running = app::start(config).await?;
        announce(&running)?;
        loop {
            tokio::select! {
                _ = hangup.recv() => reload(&running, args),
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
            }
        }
        tracing::info!("stopping");
        let ended_in_time = running.stop().await;
        Ok(if ended_in_time { Outcome::Fine } else { Outcome::Failed })
    })
}

fn announce(running: &Running) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for (store, address) in running.addresses() {
        writeln!(out, "listening store={store} addr={address}")?;
    }
    out.flush()
}

/// All or nothing: a file that is not right changes nothing.
fn reload(running: &Running, args: &Args) {
    let reloaded = report::load(&args.config).map_err(Error::from);
    match reloaded.and_then(|config| running.reload(&config).map_err(Error::from)) {
        Ok(()) => tracing::info!("the new policy is in force"),
        Err(error) => {
            // The log line says that it failed; the details are for whoever reads standard error.
            let _closed = write!(anstream::stderr(), "{}", report::Failure(error.as_ref()));
            tracing::error!("the policy stays as it was");
        }
    }
}

fn log_to_standard_error(form: LogForm) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    match form {
        LogForm::Text => lines.init(),
        LogForm::Json => lines.json().flatten_event(true).init(),
    }
}
