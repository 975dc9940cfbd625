//! The grammar of RFC 9535, appendix A, as far as rules use it.

use super::{MAX_SEGMENTS, PathError, PathErrorKind, Segment, Selector};

/// The largest index: RFC 9535 section 2.1 keeps integers within those that a double holds exactly.
const MAX_INDEX: u64 = (1 << 53) - 1;

/// Parses a whole path.
pub(super) fn segments(text: &str) -> Result<Vec<Segment>, PathError> {
    let mut parser = Parser { rest: text.chars(), column: 1 };
    if !parser.eat('$') {
        return parser.fail(PathErrorKind::NoRoot);
    }
    let mut segments = Vec::new();
    while parser.peek().is_some() {
        parser.skip_blanks();
        segments.push(parser.segment()?);
        if segments.len() > MAX_SEGMENTS {
            return parser.fail(PathErrorKind::TooLong);
        }
    }
    Ok(segments)
}

struct Parser<'a> {
    rest: std::str::Chars<'a>,
    column: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, kind: PathErrorKind) -> Result<T, PathError> {
        Err(PathError { kind, column: self.column })
    }

    /// What cannot be used here: the end, or a wrong character.
    fn misfit<T>(&self) -> Result<T, PathError> {
        self.fail(if self.peek().is_none() { PathErrorKind::EndsEarly } else { PathErrorKind::Unexpected })
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.column += usize::from(next.is_some());
        next
    }

    fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.next();
        }
        there
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn segment(&mut self) -> Result<Segment, PathError> {
        let dotted = self.eat('.');
        let descendant = dotted && self.eat('.');
        let selectors = match self.peek() {
            Some('[') if descendant || !dotted => self.bracketed()?,
            Some('*') if dotted => {
                self.next();
                vec![Selector::Wildcard]
            }
            Some(first) if dotted && is_name_first(first) => vec![self.shorthand()],
            _ => return self.misfit(),
        };
        Ok(Segment { descendant, selectors })
    }

    fn shorthand(&mut self) -> Selector {
        let mut name = String::new();
        while let Some(character) = self.peek().filter(|&c| is_name_first(c) || c.is_ascii_digit()) {
            name.push(character);
            self.next();
        }
        Selector::Name(name.into())
    }

    fn bracketed(&mut self) -> Result<Vec<Selector>, PathError> {
        self.next();
        let mut selectors = Vec::new();
        loop {
            self.skip_blanks();
            selectors.push(self.selector()?);
            self.skip_blanks();
            match self.peek() {
                Some(',') => self.next(),
                Some(']') => break,
                Some(':') => return self.fail(PathErrorKind::Slice),
                _ => return self.misfit(),
            };
        }
        self.next();
        Ok(selectors)
    }

    fn selector(&mut self) -> Result<Selector, PathError> {
        match self.peek() {
            Some('*') => {
                self.next();
                Ok(Selector::Wildcard)
            }
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            Some('0'..='9') => self.index(),
            Some('-') => self.fail(PathErrorKind::NegativeIndex),
            Some(':') => self.fail(PathErrorKind::Slice),
            Some('?') => self.fail(PathErrorKind::Filter),
            _ => self.misfit(),
        }
    }

    fn index(&mut self) -> Result<Selector, PathError> {
        let column = self.column;
        let mut digits = String::new();
        while let Some(digit) = self.peek().filter(char::is_ascii_digit) {
            digits.push(digit);
            self.next();
        }
        let canonical = digits == "0" || !digits.starts_with('0');
        match digits.parse() {
            Ok(index) if canonical && index <= MAX_INDEX => Ok(Selector::Index(index)),
            _ => Err(PathError { kind: PathErrorKind::BadIndex, column }),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Selector, PathError> {
        self.next();
        let mut name = String::new();
        loop {
            match self.peek() {
                Some(end) if end == quote => break,
                Some('\\') => name.push(self.escape(quote)?),
                Some(plain) if plain >= ' ' => {
                    name.push(plain);
                    self.next();
                }
                _ => return self.misfit(),
            }
        }
        self.next();
        Ok(Selector::Name(name.into()))
    }

    fn escape(&mut self, quote: char) -> Result<char, PathError> {
        self.next();
        let bad = PathError { kind: PathErrorKind::BadEscape, column: self.column };
        match self.next() {
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(plain) if plain == quote || plain == '/' || plain == '\\' => Ok(plain),
            Some('u') => self.unicode_escape().ok_or(bad),
            Some(_) => Err(bad),
            None => self.misfit(),
        }
    }

    /// `XXXX`, or the surrogate pair `XXXX\uXXXX`.
    fn unicode_escape(&mut self) -> Option<char> {
        let high = self.four_hex_digits()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high);
        }
        if !(self.eat('\\') && self.eat('u')) {
            return None;
        }
        let low = self.four_hex_digits().filter(|low| (0xdc00..0xe000).contains(low))?;
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    }

    fn four_hex_digits(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |sum, _| Some(sum * 16 + self.next()?.to_digit(16)?))
    }
}

/// `name-first` of RFC 9535 section 2.5.1.1.
const fn is_name_first(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || !character.is_ascii()
}
