//! Just enough of a Rust reader: tokens with their lines, paths with their `use` trees opened, functions.

/// A source file as tokens.
pub(crate) struct Source<'a> {
    tokens: Vec<Token<'a>>,
    lines: usize,
}

#[derive(Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
    in_test: bool,
}

/// `crate::base::clock`, also where it was written as part of a group.
pub(crate) struct UsedPath {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    pub(crate) in_test: bool,
}

/// A function with a body; `lines` counts the lines between its braces that hold code.
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    pub(crate) lines: usize,
    pub(crate) in_test: bool,
}

impl<'a> Source<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let mut tokens = tokenise(text);
        mark_tests(&mut tokens);
        Self { tokens, lines: text.lines().count() }
    }

    /// Lines of the file without those of `#[cfg(test)] mod`.
    pub(crate) fn lines_outside_tests(&self) -> usize {
        let mut first_and_last = None;
        let mut inside = 0;
        for token in &self.tokens {
            match (&mut first_and_last, token.in_test) {
                (None, true) => first_and_last = Some((token.line, token.line)),
                (Some((_, last)), true) => *last = token.line,
                (Some((first, last)), false) => {
                    inside += *last - *first + 1;
                    first_and_last = None;
                }
                (None, false) => {}
            }
        }
        self.lines - inside - first_and_last.map_or(0, |(first, last)| last - first + 1)
    }

    /// The lines on which `name(` stands.
    pub(crate) fn calls_of(&self, name: &str) -> Vec<usize> {
        self.tokens
            .windows(2)
            .filter(|it| it[0].text == name && it[1].text == "(")
            .map(|it| it[0].line)
            .collect()
    }

    pub(crate) fn functions(&self) -> Vec<Function<'a>> {
        let mut found = Vec::new();
        for (at, pair) in self.tokens.windows(2).enumerate() {
            if pair[0].text != "fn" || !is_name(pair[1].text) {
                continue;
            }
            let Some(open) = self.body_of(at) else { continue };
            let body = &self.tokens[open + 1..closing(&self.tokens, open)];
            let mut lines: Vec<usize> = body.iter().map(|it| it.line).collect();
            lines.dedup();
            let Token { line, in_test, .. } = pair[0];
            found.push(Function { name: pair[1].text, line, lines: lines.len(), in_test });
        }
        found
    }

    /// The brace that opens the body of the function that starts at `at`; none for a mere declaration.
    fn body_of(&self, at: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for (index, token) in self.tokens.iter().enumerate().skip(at) {
            match token.text {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                ";" if depth == 0 => return None,
                "{" if depth == 0 => return Some(index),
                _ => {}
            }
        }
        None
    }

    /// Every path in the file, groups opened.
    pub(crate) fn paths(&self) -> Vec<UsedPath> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            at = if is_name(token.text) { self.path(at, &[], &mut found) } else { at + 1 };
        }
        found
    }

    /// Reads the path that starts at `at` under `prefix`; returns where it ends.
    fn path(&self, mut at: usize, prefix: &[String], found: &mut Vec<UsedPath>) -> usize {
        let Token { line, in_test, .. } = self.tokens[at];
        let mut segments = prefix.to_vec();
        while let Some(token) = self.tokens.get(at).filter(|it| is_name(it.text) || it.text == "*") {
            segments.push(token.text.to_owned());
            at += 1;
            match (self.text(at), self.text(at + 1)) {
                ("::", "{") => return self.group(at + 2, &segments, found),
                ("::", next) if is_name(next) || next == "*" => at += 1,
                _ => break,
            }
        }
        found.push(UsedPath { segments, line, in_test });
        at
    }

    fn group(&self, mut at: usize, prefix: &[String], found: &mut Vec<UsedPath>) -> usize {
        loop {
            match self.text(at) {
                "" => return at,
                "}" => return at + 1,
                "," => at += 1,
                "as" => at += 2,
                text if is_name(text) || text == "*" => at = self.path(at, prefix, found),
                _ => at += 1,
            }
        }
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |it| it.text)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The index of the brace that closes the one at `open`, or the end.
fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_i32;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len()
}

/// Marks what stands in `#[cfg(test)] mod name { ... }`.
fn mark_tests(tokens: &mut [Token<'_>]) {
    const HEAD: [&str; 8] = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let mut at = 0;
    while at + HEAD.len() + 1 < tokens.len() {
        let is_head = tokens[at..].iter().zip(HEAD).all(|(token, text)| token.text == text);
        let open = at + HEAD.len() + 1;
        if is_head && tokens[open].text == "{" {
            let end = closing(tokens, open).min(tokens.len() - 1);
            tokens[at..=end].iter_mut().for_each(|it| it.in_test = true);
            at = end;
        }
        at += 1;
    }
}

/// Cuts `text` into names, `::` and single characters. A literal becomes one `"` for each of its lines.
fn tokenise(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, kind) = next_token(rest, first);
        let (token, after) = rest.split_at(length);
        let newlines = token.matches('\n').count();
        match kind {
            Kind::Blank => {}
            Kind::Code => tokens.push(Token { text: token, line, in_test: false }),
            Kind::Literal => {
                tokens.extend((line..=line + newlines).map(|line| Token {
                    text: "\"",
                    line,
                    in_test: false,
                }));
            }
        }
        line += newlines;
        rest = after;
    }
    tokens
}

#[derive(Clone, Copy)]
enum Kind {
    Blank,
    Code,
    Literal,
}

fn next_token(rest: &str, first: char) -> (usize, Kind) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Kind::Blank);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Kind::Blank);
    }
    if let Some(length) = raw_string(rest) {
        return (length, Kind::Literal);
    }
    match first {
        '"' => (quoted(rest, '"'), Kind::Literal),
        '\'' => match rest[1..].chars().nth(1) {
            _ if rest.starts_with("'\\") => (quoted(rest, '\''), Kind::Literal),
            Some('\'') => (quoted(rest, '\''), Kind::Literal),
            _ => (1, Kind::Blank), // a lifetime
        },
        _ if rest.starts_with("::") => (2, Kind::Code),
        _ if first.is_alphanumeric() || first == '_' => {
            (rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len()), Kind::Code)
        }
        _ if first.is_whitespace() => (first.len_utf8(), Kind::Blank),
        _ => (first.len_utf8(), Kind::Code),
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => depth += 1,
            [b'*', b'/', ..] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of `r"..."`, `br#"..."#` and the like, if one starts here.
fn raw_string(rest: &str) -> Option<usize> {
    let prefix = rest.find('r').filter(|&at| matches!(&rest[..at], "" | "b" | "c"))? + 1;
    let hashes = rest[prefix..].len() - rest[prefix..].trim_start_matches('#').len();
    let body = prefix + hashes + 1;
    rest[prefix + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len()))
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
