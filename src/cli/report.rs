//! Problems as a good compiler shows them: place, line, caret, help.
//!
//! Everything is written with ANSI styles; `anstream` takes them off where they are not wanted.

use std::fmt;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::app::config::{Config, LoadError, Machine, Place, Problem, Report, Severity};

pub(super) const BOLD: Style = Style::new().bold();
const RULE: Style = AnsiColor::Blue.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const FINDING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// All problems of a report.
pub(super) struct Shown<'a>(pub(super) &'a Report);

/// What went wrong, with all problems if it was a policy file.
pub(super) struct Failure<'a>(pub(super) &'a (dyn std::error::Error + 'static));

/// Loads the policy file of `--config` from this machine.
pub(super) fn load(path: &Path) -> Result<Config, LoadError> {
    Config::load(path, &Machine)
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(LoadError::Invalid(report)) = self.0.downcast_ref() {
            Shown(report).fmt(f)?;
        }
        writeln!(f, "{ERROR}error{ERROR:#}{BOLD}: {}{BOLD:#}", self.0)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.problems().iter().try_for_each(|problem| self.problem(problem, f))
    }
}

impl Shown<'_> {
    fn problem(&self, problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, style) = match problem.severity {
            Severity::Error => ("error", ERROR),
            Severity::Finding => ("finding", FINDING),
            Severity::Note => ("note", NOTE),
        };
        writeln!(f, "{style}{word}{style:#}{BOLD}: {}{BOLD:#}", problem.message)?;
        let place = self.0.place(problem);
        let margin = " ".repeat(place.map_or(1, |place| place.line.to_string().len()));
        match place {
            None => writeln!(f, "{margin}{RULE}-->{RULE:#} {}", self.0.name())?,
            Some(place) => self.quote(problem, place, style, f)?,
        }
        if !problem.key.is_empty() {
            writeln!(f, "{margin} {RULE}={RULE:#} {BOLD}key{BOLD:#}: {}", problem.key)?;
        }
        if let Some(help) = &problem.help {
            let more = format!("\n{margin}     ");
            writeln!(f, "{margin} {RULE}={RULE:#} {BOLD}help{BOLD:#}: {}", help.replace('\n', &more))?;
        }
        writeln!(f)
    }

    fn quote(
        &self,
        problem: &Problem,
        place: Place,
        style: Style,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let Place { line, column } = place;
        let (text, covered) = self.0.quote(problem, place);
        let margin = " ".repeat(line.to_string().len());
        let indent = " ".repeat(column.saturating_sub(1));
        writeln!(f, "{margin}{RULE}-->{RULE:#} {}:{line}:{column}", self.0.name())?;
        writeln!(f, "{margin} {RULE}|{RULE:#}")?;
        writeln!(f, "{RULE}{line} |{RULE:#} {}", text.replace('\t', " "))?;
        writeln!(f, "{margin} {RULE}|{RULE:#} {indent}{style}{}{style:#}", "^".repeat(covered))
    }
}
