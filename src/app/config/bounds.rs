//! `timeouts` and `limits`: the numbers, with their ranges.

use super::raw::{At, RawLimits, RawTimeouts};
use super::report::Problem;
use super::{Limits, Timeouts};

/// A day, in milliseconds.
const MAX_TIMEOUT_MS: u64 = 86_400_000;

impl Timeouts {
    /// These, with what is written instead.
    pub(super) fn with(mut self, raw: Option<&RawTimeouts>, problems: &mut Vec<Problem>) -> Self {
        let Some(raw) = raw else { return self };
        let keys = [
            (&mut self.connect_timeout_ms, &raw.connect_timeout_ms),
            (&mut self.idle_timeout_ms, &raw.idle_timeout_ms),
            (&mut self.login_timeout_ms, &raw.login_timeout_ms),
            (&mut self.header_timeout_ms, &raw.header_timeout_ms),
            (&mut self.upstream_timeout_ms, &raw.upstream_timeout_ms),
            (&mut self.drain_timeout_ms, &raw.drain_timeout_ms),
        ];
        for (slot, written) in keys {
            if let Some(written) = written {
                *slot = within(written, 1, MAX_TIMEOUT_MS, problems).unwrap_or(*slot);
            }
        }
        if let Some(written) = &raw.statement_timeout_ms {
            self.statement_timeout_ms = within(written, 1, MAX_TIMEOUT_MS, problems);
        }
        self
    }
}

impl Limits {
    /// These, with what is written instead.
    pub(super) fn with(mut self, raw: Option<&RawLimits>, problems: &mut Vec<Problem>) -> Self {
        let Some(raw) = raw else { return self };
        let keys = [
            (&mut self.max_connections, &raw.max_connections, 1, 1_000_000),
            (&mut self.max_connections_per_identity, &raw.max_connections_per_identity, 1, 1_000_000),
            (&mut self.max_logins, &raw.max_logins, 1, 1_000_000),
            (&mut self.max_logins_per_source, &raw.max_logins_per_source, 1, 1_000_000),
            (&mut self.max_header_bytes, &raw.max_header_bytes, 1 << 10, 1 << 24),
            (&mut self.max_statement_bytes, &raw.max_statement_bytes, 1 << 10, 1 << 24),
            (&mut self.max_session_bytes, &raw.max_session_bytes, 1 << 20, 1 << 32),
            (&mut self.max_depth, &raw.max_depth, 1, 10_000),
            (&mut self.max_string_bytes, &raw.max_string_bytes, 1 << 10, 1 << 30),
            (&mut self.max_record_bytes, &raw.max_record_bytes, 1 << 10, 1 << 30),
        ];
        for (slot, written, least, most) in keys {
            let Some(written) = written else { continue };
            let value = within(written, least, most, problems);
            *slot = value.and_then(|value| usize::try_from(value).ok()).unwrap_or(*slot);
        }
        let unlimited = [
            (&mut self.max_body_bytes, &raw.max_body_bytes, 0),
            (&mut self.max_rows, &raw.max_rows, 1),
            (&mut self.max_rows_per_hour, &raw.max_rows_per_hour, 1),
            (&mut self.max_statements_per_identity, &raw.max_statements_per_identity, 1),
            (&mut self.max_answer_bytes, &raw.max_answer_bytes, 1 << 10),
        ];
        for (slot, written, least) in unlimited {
            if let Some(written) = written {
                *slot = within(written, least, u64::MAX, problems);
            }
        }
        self
    }
}

pub(super) fn within(written: &At<u64>, least: u64, most: u64, problems: &mut Vec<Problem>) -> Option<u64> {
    let fits = (least..=most).contains(&written.value);
    if !fits {
        let problem = written.problem(format!("{} is out of range", written.value));
        problems.push(problem.help(format!("write a number from {least} to {most}")));
    }
    fits.then_some(written.value)
}
