//! Everything that is wrong with a policy file, or worth knowing of it, with its places.
//!
//! Not here: how it is shown (`cli`).

use std::ops::Range;

use super::Source;

/// One thing to mend or to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stops the file from being used.
    pub severity: Severity,
    /// Where it stands, in bytes.
    pub span: Option<Range<usize>>,
    /// The dotted path of keys that leads there; empty for the whole file.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, and somebody should look.
    Finding,
    /// It can, and a reader should know.
    Note,
}

impl Problem {
    /// Something that stops the file from being used.
    pub(in crate::app) fn error(span: Option<Range<usize>>, key: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, span, key: key.to_owned(), message: message.into(), help: None }
    }

    /// Something that somebody should look at.
    pub(in crate::app) fn finding(span: Option<Range<usize>>, key: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Finding, ..Self::error(span, key, message) }
    }

    /// Something that a reader should know.
    pub(in crate::app) fn note(span: Option<Range<usize>>, key: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(span, key, message) }
    }

    /// Adds what to do.
    #[must_use]
    pub(in crate::app) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// The problems of one file, in the order of the file, with its text to quote from.
#[derive(Clone, Debug)]
pub struct Report {
    source: Source,
    problems: Vec<Problem>,
}

/// Line and column of a place, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Report {
    /// Puts the problems of a file in order; what is said twice is kept once.
    #[must_use]
    pub fn new(source: &Source, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| {
            problem.span.as_ref().map_or((usize::MAX, 0), |span| (span.start, span.end))
        });
        problems.dedup();
        Self { source: source.clone(), problems }
    }

    /// The problems.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The file, as the operator named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// Where a problem stands.
    #[must_use]
    pub fn place(&self, problem: &Problem) -> Option<Place> {
        self.source.place(problem.span.as_ref()?)
    }

    /// The line of the file in which a place lies, and how many of its characters the problem covers, at
    /// least one.
    #[must_use]
    pub fn quote(&self, problem: &Problem, place: Place) -> (&str, usize) {
        let text = &self.source.text;
        let line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default();
        let covered = problem.span.clone().and_then(|span| text.get(span)).unwrap_or_default();
        let covered = covered.lines().next().unwrap_or_default().chars().count();
        let rest_of_line = line.chars().count().saturating_sub(place.column.saturating_sub(1));
        (line, covered.min(rest_of_line).max(1))
    }
}

/// The known name that `written` most probably means.
pub fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|name| (strsim::damerau_levenshtein(written, name), name));
    let (distance, name) = scored.min()?;
    (distance <= name.chars().count() / 4 + 1).then_some(name)
}
