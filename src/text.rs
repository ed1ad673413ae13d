//! What a line or a text that a person typed may hold, so that it reads the same wherever it is shown.

use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// More marks over one letter than any living script writes.
const MOST_MARKS: usize = 4;

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFault {
    /// Nothing in it can be seen.
    Blank,
    /// It has more characters than it may.
    TooLong,
    /// It holds control characters, line breaks in a line, or the sign for unreadable bytes.
    Control,
    /// It holds characters that turn the direction of the text around.
    Direction,
    /// It piles up marks over a letter.
    Marks,
}

impl TextFault {
    /// How to put it right; `thing` is such as "the name".
    pub fn sentence(self, thing: &str, most: usize) -> String {
        match self {
            Self::Blank => format!("Enter {thing}."),
            Self::TooLong => format!("Shorten {thing} to {most} characters."),
            Self::Control => format!("Take control characters and line breaks out of {thing}."),
            Self::Direction => {
                format!("Take the invisible characters that change the text's direction out of {thing}.")
            }
            Self::Marks => format!("Take some of the marks over one letter out of {thing}."),
        }
    }
}

/// A line of 1 to `most` characters, trimmed.
///
/// # Errors
/// The first fault.
pub fn line(text: &str, most: usize) -> Result<String, TextFault> {
    let text = text.trim();
    if !text.chars().any(is_visible) {
        return Err(TextFault::Blank);
    }
    check(text, most, &[])?;
    Ok(text.to_owned())
}

/// Several lines of at most `most` characters, trimmed, with `\n` at their ends; may be empty.
///
/// # Errors
/// The first fault.
pub fn lines(text: &str, most: usize) -> Result<String, TextFault> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    check(text, most, &['\n', '\t'])?;
    Ok(text.to_owned())
}

fn check(text: &str, most: usize, allowed: &[char]) -> Result<(), TextFault> {
    if text.chars().count() > most {
        return Err(TextFault::TooLong);
    }
    if text.chars().any(|letter| is_control(letter) && !allowed.contains(&letter)) {
        return Err(TextFault::Control);
    }
    if text.chars().any(|letter| CodePointSetData::new::<BidiControl>().contains(letter)) {
        return Err(TextFault::Direction);
    }
    if is_piled(text) { Err(TextFault::Marks) } else { Ok(()) }
}

/// The letters of a value, with a space for each that ends a line or that a column of text does not hold (U+0000).
pub fn on_one_line(value: &str) -> impl Iterator<Item = char> {
    value.chars().map(|letter| if letter.is_control() { ' ' } else { letter })
}

/// The beginning of a long value, on one line.
pub fn shortened(value: &str, most: usize) -> String {
    let mut letters = on_one_line(value);
    let mut shown: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// A remark as a sentence of its own: a capital first, a full stop last.
pub fn sentence(remark: &str) -> String {
    let mut letters = remark.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn category(letter: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(letter)
}

/// True for a mark that is drawn over the letter before it.
pub fn is_mark(letter: char) -> bool {
    matches!(category(letter), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
}

fn is_control(letter: char) -> bool {
    letter == char::REPLACEMENT_CHARACTER
        || matches!(
            category(letter),
            GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
        )
}

fn is_visible(letter: char) -> bool {
    let hidden = letter.is_whitespace()
        || is_mark(letter)
        || category(letter) == GeneralCategory::Format
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter);
    // What is refused anyway is told by its own name.
    !hidden || is_control(letter)
}

fn is_piled(text: &str) -> bool {
    let mut marks = 0;
    text.chars().any(|letter| {
        marks = if is_mark(letter) { marks + 1 } else { 0 };
        marks > MOST_MARKS
    })
}

/// Names for a sentence: at most five, then how many more.
pub(crate) fn named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let names = names.take(SHOWN).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}

/// One word of a shell, whatever it holds.
pub(crate) fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_keeps_the_letters_of_every_script() {
        for text in ["CI", "Übersetzung für Łódź", "文書の公開", "نشر المستند", "שָׁלוֹם", "👩‍🔧 Werkstatt", "1️⃣", "ế"]
        {
            assert_eq!(line(&format!(" \u{a0}{text}\n"), 120).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_line_that_reads_differently_than_it_is_is_refused() {
        for (text, fault) in [
            ("", TextFault::Blank),
            (" \t ", TextFault::Blank),
            ("\u{200b}", TextFault::Blank),
            ("\u{200b}\u{feff}\u{ad}\u{2060}\u{3164}", TextFault::Blank),
            ("\u{301}", TextFault::Blank),
            ("a\nb", TextFault::Control),
            ("a\0", TextFault::Control),
            ("a\u{7f}b", TextFault::Control),
            ("a\u{85}b", TextFault::Control),
            ("a\u{2028}b", TextFault::Control),
            ("a\u{fffd}", TextFault::Control),
            ("a\u{202e}b", TextFault::Direction),
            ("a\u{2066}b\u{2069}", TextFault::Direction),
            ("a\u{200f}b", TextFault::Direction),
        ] {
            assert_eq!(line(text, 120), Err(fault), "{text:?}");
        }
        assert_eq!(line(&format!("Z{}", "\u{338}".repeat(100)), 120), Err(TextFault::Marks));
    }

    #[test]
    fn the_limit_counts_characters_after_trimming() {
        assert!(line(&format!(" {} ", "ä".repeat(120)), 120).is_ok());
        assert_eq!(line(&"ä".repeat(121), 120), Err(TextFault::TooLong));
        assert_eq!(lines(&"x".repeat(2001), 2000), Err(TextFault::TooLong));
    }

    #[test]
    fn lines_keep_their_breaks_and_may_be_empty() {
        assert_eq!(lines("a\r\n\tb\n\n", 2000).as_deref(), Ok("a\n\tb"));
        assert_eq!(lines("  ", 2000).as_deref(), Ok(""));
        assert_eq!(lines("a\0b", 2000), Err(TextFault::Control));
        assert_eq!(lines("a\rb", 2000), Err(TextFault::Control));
    }

    #[test]
    fn a_shell_gets_back_exactly_what_was_quoted() {
        for text in ["plain", "it's", "a \"b\" $HOME `id` \\ !", "two\nlines", "ä 🐎", "'", "''", ""] {
            let output =
                std::process::Command::new("sh").arg("-c").arg(format!("printf %s {}", shell_word(text))).output();
            assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), text);
        }
    }
}
