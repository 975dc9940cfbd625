//! The audit trail that a configuration asks for.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::config::Config;
use super::run::StartError;
use crate::audit::{Digest, Terms};
use crate::base::clock::SystemClock;
use crate::front::audit::{AuditLog, Settings};
use crate::front::metrics::Metrics;

/// Opens the trail, if there is to be one.
pub(super) fn open(config: &Config, metrics: &Metrics) -> Result<AuditLog, StartError> {
    let Some(audit) = &config.audit else { return Ok(AuditLog::off()) };
    let settings = Settings {
        file: audit.file.clone(),
        terms: terms(config),
        fsync: audit.fsync,
        on_failure: audit.on_failure,
        max_file_bytes: audit.max_file_bytes,
    };
    Ok(AuditLog::open(settings, Arc::new(SystemClock), metrics.audit())?)
}

/// What rules and keys a configuration has, as far as they decide how values are treated: its text, and what its keys make of it.
pub(super) fn fingerprint(config: &Config) -> Digest {
    let text = Digest::new(Sha256::digest(config.source.text.as_bytes()).into());
    let keyed = config.mac_keys.iter().fold(Sha256::new().chain_update(text.bytes()), |hash, key| {
        hash.chain_update(key.mac(&text).bytes())
    });
    Digest::new(keyed.finalize().into())
}

/// Under what the lines are written while `config` is in force.
pub(super) fn terms(config: &Config) -> Terms {
    let policy = Digest::new(Sha256::digest(config.source.text.as_bytes()).into());
    Terms { keys: config.mac_keys.clone(), policy: Some(policy) }
}
