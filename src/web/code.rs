//! JSON as it arrived, laid out and split into pieces that the page can colour; nothing is rounded or reordered.

use serde::de::IgnoredAny;

/// Deeper levels are not indented further: a small text of many brackets must not become a page of blanks.
const DEEPEST: usize = 24;

/// One piece of coloured text; `class` is empty for plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bit {
    pub(crate) class: &'static str,
    pub(crate) text: String,
}

/// Lays JSON out over lines; any other text comes back as one plain piece.
pub(crate) fn bits(text: &str) -> Vec<Bit> {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return vec![Bit { class: "", text: text.to_owned() }];
    }
    let mut page = Page::default();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest, first);
        let (token, after) = rest.split_at(length);
        rest = after.trim_start();
        page.put(first, token, rest.chars().next());
    }
    page.bits
}

fn token_length(text: &str, first: char) -> usize {
    match first {
        '"' => string_length(text),
        '{' | '}' | '[' | ']' | ':' | ',' => 1,
        _ => text.find(|c: char| c.is_ascii_whitespace() || ",:]}".contains(c)).unwrap_or(text.len()),
    }
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[derive(Default)]
struct Page {
    bits: Vec<Bit>,
    depth: usize,
}

impl Page {
    fn put(&mut self, first: char, token: &str, next: Option<char>) {
        match first {
            '{' | '[' => {
                self.plain(token);
                self.depth += 1;
                if !matches!(next, Some('}' | ']')) {
                    self.line();
                }
            }
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                if !self.ends_open() {
                    self.line();
                }
                self.plain(token);
            }
            ',' => {
                self.plain(token);
                self.line();
            }
            ':' => self.plain(": "),
            '"' if next == Some(':') => self.coloured("k", token),
            '"' => self.coloured("s", token),
            _ if token.starts_with(['t', 'f', 'n']) => self.coloured("w", token),
            _ => self.coloured("n", token),
        }
    }

    fn ends_open(&self) -> bool {
        self.bits.last().is_some_and(|bit| bit.class.is_empty() && bit.text.ends_with(['{', '[']))
    }

    fn line(&mut self) {
        let indent = "  ".repeat(self.depth.min(DEEPEST));
        self.plain(&format!("\n{indent}"));
    }

    fn plain(&mut self, text: &str) {
        match self.bits.last_mut() {
            Some(bit) if bit.class.is_empty() => bit.text.push_str(text),
            _ => self.coloured("", text),
        }
    }

    fn coloured(&mut self, class: &'static str, text: &str) {
        self.bits.push(Bit { class, text: text.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::bits;

    fn laid_out(text: &str) -> String {
        bits(text).iter().map(|bit| bit.text.as_str()).collect()
    }

    #[test]
    fn numbers_and_key_order_stay_as_they_came() {
        assert_eq!(
            laid_out(r#"{"b":9007199254740993,"a":[1.0,-0,{}],"c":"x\"y: {"}"#),
            "{\n  \"b\": 9007199254740993,\n  \"a\": [\n    1.0,\n    -0,\n    {}\n  ],\n  \"c\": \"x\\\"y: {\"\n}"
        );
    }

    #[test]
    fn text_that_is_no_json_is_left_alone() {
        assert_eq!(laid_out("<h1>Bad gateway</h1>\n"), "<h1>Bad gateway</h1>\n");
    }
}
