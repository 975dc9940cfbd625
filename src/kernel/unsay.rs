//! What a store repeats of a question: texts that the proxy turned back on the way in are turned again on the way out.
//!
//! Stores echo: "no rows where user_id = 0b6b51c2", a link to the next page, a `query` member. If the client asked with a
//! token and the store was asked with the raw value, its echo would be the token's key.
//! Invariant: the result depends on the store's text and on what was said in this exchange only.
//! Not here: which exchanges turn tokens back.

use std::sync::Arc;

use super::{Treatment, Value};

/// Shorter raw values are found everywhere, and what is left out around them would tell them.
const MIN_RAW_BYTES: usize = 8;

/// A raw value that a store was asked with, and the token that the client asked with.
#[derive(Clone)]
pub struct Said {
    raw: String,
    token: String,
}

/// Puts tokens back in place of raw values, and then does what `then` does.
#[derive(Clone)]
pub struct Unsay {
    said: Arc<[Said]>,
    then: Arc<Treatment>,
}

impl Said {
    /// `raw` is what the store was asked, `token` what the client asked.
    #[must_use]
    pub const fn new(raw: String, token: String) -> Self {
        Self { raw, token }
    }

    /// True if the raw value can be found in other text without finding what is not it: it is long enough, and not
    /// a mere number.
    #[must_use]
    pub fn is_distinctive(&self) -> bool {
        self.raw.len() >= MIN_RAW_BYTES && !self.raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    }
}

impl Unsay {
    /// Takes back what was said, before `then`.
    #[must_use]
    pub const fn new(said: Arc<[Said]>, then: Arc<Treatment>) -> Self {
        Self { said, then }
    }

    /// What is done besides.
    #[must_use]
    pub fn then(&self) -> &Treatment {
        &self.then
    }

    pub(super) fn treat<'a>(&'a self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        let Value::Text(text) = value else { return self.then.treat(value, scratch) };
        let Some(unsaid) = self.unsaid(text) else { return self.then.treat(value, scratch) };
        let mut inner = String::new();
        match self.then.treat(Value::Text(&unsaid), &mut inner) {
            Value::Text(text) => {
                scratch.push_str(text);
                Value::Text(scratch)
            }
            _ => Value::Null,
        }
    }

    /// `text` with the tokens in place of the raw values; `None` if there are none in it.
    fn unsaid(&self, text: &str) -> Option<String> {
        let mut changed = None;
        for said in &*self.said {
            let so_far: &str = changed.as_deref().unwrap_or(text);
            if let Some(replaced) = said.replaced(so_far) {
                changed = Some(replaced);
            }
        }
        changed
    }
}

impl Said {
    fn replaced(&self, text: &str) -> Option<String> {
        let mut result = String::new();
        let mut rest = text;
        let mut found = false;
        while let Some(character) = rest.chars().next() {
            if let Some(after) = after_raw(rest, &self.raw) {
                result.push_str(&self.token);
                rest = after;
                found = true;
            } else {
                result.push(character);
                rest = rest.get(character.len_utf8()..).unwrap_or("");
            }
        }
        found.then_some(result)
    }
}

/// What follows `raw` at the beginning of `text`, in either case, any of its bytes written as `%2D`, `~2D` or the like.
fn after_raw<'a>(text: &'a str, raw: &str) -> Option<&'a str> {
    let mut bytes = text.as_bytes();
    for expected in raw.bytes() {
        bytes = match bytes {
            [first, rest @ ..] if first.eq_ignore_ascii_case(&expected) => rest,
            [b'%' | b'~' | b'=', high, low, rest @ ..]
                if hex(*high, *low)?.eq_ignore_ascii_case(&expected) =>
            {
                rest
            }
            _ => return None,
        };
    }
    text.get(text.len().checked_sub(bytes.len())?..)
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said")
    }
}

impl std::fmt::Debug for Unsay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unsay then {:?}", self.then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsay(text: &str) -> String {
        let said = [("person-7@example.com", "tok_a"), ("0b6b51c2-5a5a", "tok_b")];
        let said = said.map(|(raw, token)| Said::new(raw.into(), token.into()));
        let unsay = Unsay::new(Arc::from(said), Arc::new(Treatment::Pass));
        match unsay.treat(Value::Text(text), &mut String::new()) {
            Value::Text(text) => text.to_owned(),
            _ => panic!("a text stays a text"),
        }
    }

    #[test]
    fn an_echo_shows_the_token() {
        let cases = [
            ("plain words, é", "plain words, é"),
            ("0b6b51c2-5a5", "0b6b51c2-5a5"),
            ("where id = \"0b6b51c2-5a5a\"", "where id = \"tok_b\""),
            ("0B6B51C2-5A5A0b6b51c2-5a5a", "tok_btok_b"),
            ("?m=person-7%40example.com&n=person-7~40example~2Ecom", "?m=tok_a&n=tok_a"),
            ("%70erson%2d7%40example%2ecom%", "tok_a%"),
            ("é0b6b51c2-5a5aé%", "étok_bé%"),
        ];
        for (text, expected) in cases {
            assert_eq!(unsay(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_and_short_names_are_not_distinctive() {
        let is = |raw: &str| Said::new(raw.into(), String::new()).is_distinctive();
        assert!(is("0b6b51c2-5a5a") && !is("bob") && !is("1234567890123") && !is("-1234567890123"));
    }
}
