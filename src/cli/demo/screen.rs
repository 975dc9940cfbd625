//! What the demonstration looks like: headings, paragraphs, and two columns, before and after.
//!
//! Plain lines that fit the terminal; where two columns do not fit, they stand one below the other. Colours are written as
//! escape sequences and taken off by `anstream` where they are not wanted.
//! Not here: what is said.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

const HEADING: Style = Style::new().bold();
const BEFORE: Style = AnsiColor::Yellow.on_default();
const AFTER: Style = AnsiColor::Green.on_default();
const QUIET: Style = Style::new().dimmed();

const MAX_COLUMNS: usize = 100;
const MIN_COLUMNS: usize = 40;
/// From here on, before and after stand side by side.
const SIDE_BY_SIDE_COLUMNS: usize = 76;
const INDENT: usize = 3;
const GAP: usize = 2;

/// Writes the demonstration.
#[derive(Debug)]
pub(super) struct Screen<W> {
    out: W,
    columns: usize,
    label_columns: usize,
}

impl<W: Write> Screen<W> {
    /// For a terminal of `columns`.
    pub(super) fn new(out: W, columns: usize) -> Self {
        Self { out, columns: columns.clamp(MIN_COLUMNS, MAX_COLUMNS), label_columns: 0 }
    }

    /// An empty line.
    pub(super) fn space(&mut self) -> io::Result<()> {
        writeln!(self.out)?;
        self.out.flush()
    }

    /// The name of the program and what it is.
    pub(super) fn title(&mut self, name: &str, what: &str) -> io::Result<()> {
        writeln!(self.out, "{HEADING}{name}{HEADING:#}  {what}")
    }

    /// A numbered heading, with the request that it is about at the right if there is room.
    pub(super) fn heading(&mut self, number: usize, what: &str, request: &str) -> io::Result<()> {
        self.space()?;
        let lines = wrap(what, self.columns.saturating_sub(INDENT));
        for (index, line) in lines.iter().enumerate() {
            let lead = if index == 0 { number.to_string() } else { "\n ".to_owned() };
            write!(self.out, "{HEADING}{lead}  {line}{HEADING:#}")?;
        }
        let what = lines.last().map_or("", String::as_str);
        let taken = INDENT + what.chars().count() + request.chars().count();
        match self.columns.checked_sub(taken + GAP) {
            Some(room) => writeln!(self.out, "{}{QUIET}{request}{QUIET:#}", " ".repeat(room + GAP)),
            None => writeln!(self.out, "\n   {QUIET}{request}{QUIET:#}"),
        }
    }

    /// Running text from the left edge.
    pub(super) fn paragraph(&mut self, text: &str) -> io::Result<()> {
        wrap(text, self.columns).iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }

    /// Running text below a heading.
    pub(super) fn remark(&mut self, text: &str) -> io::Result<()> {
        wrap(text, self.columns - INDENT)
            .iter()
            .try_for_each(|line| writeln!(self.out, "   {QUIET}{line}{QUIET:#}"))
    }

    /// A line that is never broken, so that it can be copied.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "   {line}")
    }

    /// What a command does, and the command.
    pub(super) fn command(&mut self, what: &str, line: &str) -> io::Result<()> {
        writeln!(self.out, "   {QUIET}# {what}{QUIET:#}\n   {line}")
    }

    /// A statement, above its two answers.
    pub(super) fn asked(&mut self, statement: &str) -> io::Result<()> {
        wrap(statement, self.columns - INDENT).iter().try_for_each(|line| writeln!(self.out, "   {line}"))
    }

    /// Begins a table; `labels` are those that will come.
    pub(super) fn columns(&mut self, labels: &[&str], before: &str, after: &str) -> io::Result<()> {
        self.label_columns = labels.iter().map(|it| it.chars().count()).max().unwrap_or(0);
        if self.is_wide() { self.row("", (before, HEADING), (after, HEADING)) } else { Ok(()) }
    }

    /// One line of the table: what is said before and after, in colour where they differ.
    pub(super) fn pair(&mut self, label: &str, before: &str, after: &str) -> io::Result<()> {
        let (left, right) = if before == after { (Style::new(), Style::new()) } else { (BEFORE, AFTER) };
        if self.is_wide() {
            return self.row(label, (before, left), (after, right));
        }
        writeln!(self.out, "   {label}")?;
        if before == after {
            return self.below("both     ", before, left);
        }
        self.below("without  ", before, left)?;
        self.below("sfumato  ", after, right)
    }

    const fn is_wide(&self) -> bool {
        self.columns >= SIDE_BY_SIDE_COLUMNS
    }

    fn row(
        &mut self,
        label: &str,
        (before, left): (&str, Style),
        (after, right): (&str, Style),
    ) -> io::Result<()> {
        let label_columns = self.label_columns;
        let width = self.columns.saturating_sub(INDENT + label_columns + 2 * GAP) / 2;
        let (before, after) = (wrap(before, width), wrap(after, width));
        for index in 0..before.len().max(after.len()) {
            let label = if index == 0 { label } else { "" };
            let text = |lines: &[String]| lines.get(index).cloned().unwrap_or_default();
            let (before, after) = (text(&before), text(&after));
            write!(self.out, "   {QUIET}{label:label_columns$}{QUIET:#}  {left}{before}{left:#}")?;
            let room = width.saturating_sub(before.chars().count()) + GAP;
            match after.as_str() {
                "" => writeln!(self.out)?,
                after => writeln!(self.out, "{:room$}{right}{after}{right:#}", "")?,
            }
        }
        Ok(())
    }

    fn below(&mut self, side: &str, text: &str, style: Style) -> io::Result<()> {
        let indent = INDENT + 2 + side.len();
        for (index, line) in wrap(text, self.columns.saturating_sub(indent)).iter().enumerate() {
            let side = if index == 0 { side } else { "         " };
            writeln!(self.out, "     {QUIET}{side}{QUIET:#}{style}{line}{style:#}")?;
        }
        Ok(())
    }
}

/// Breaks at spaces, and within a word only if it is longer than a line. At least one line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').flat_map(|word| pieces(word, width.max(1))) {
        let Some(line) = lines.last_mut() else { break };
        let used = line.chars().count();
        if used == 0 {
            line.push_str(&word);
        } else if used + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    characters.chunks(width).map(|piece| piece.iter().collect()).collect()
}

/// `14210` as `14,210`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3 colleagues`, `1 colleague`.
pub(super) fn counted(number: usize, one: &str) -> String {
    format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in [40, 60, 76, 80, 100, 200] {
            let mut screen = Screen::new(anstream::StripStream::new(Vec::new()), columns);
            screen
                .heading(1, "A heading that is rather long, as some are", "GET /v1/logins?limit=1")
                .unwrap();
            screen.paragraph(&"word ".repeat(60)).unwrap();
            screen.columns(&["user_id"], "without", "with").unwrap();
            screen
                .pair("user_id", &"0123456789abcdef".repeat(7), "a few words that may be broken in two")
                .unwrap();
            let text = String::from_utf8(screen.out.into_inner()).unwrap();
            for line in text.lines() {
                assert!(line.chars().count() <= columns.min(MAX_COLUMNS), "{columns}: {line}");
            }
        }
    }
}
