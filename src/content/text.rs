//! What may stand in the fields of content: rules for lines, texts, languages and e-mail addresses.

/// The longest title, in characters.
pub(super) const LONGEST_TITLE: usize = 200;
/// The longest template's name, in characters.
pub(super) const LONGEST_TEMPLATE: usize = 120;
/// The longest message or comment, in characters.
pub(super) const LONGEST_MESSAGE: usize = 2000;
/// The longest body, in bytes.
pub(super) const LONGEST_BODY: usize = 200 * 1024;
/// More marks in a row than any script writes over one letter.
const MOST_MARKS: usize = 8;

/// One line of 1 to `most` characters, trimmed; `None` when it is empty, longer, or holds what no line may.
pub(super) fn line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let sound = !is_blank(text) && text.chars().count() <= most && !text.chars().any(is_refused) && !is_piled(text);
    sound.then(|| text.to_owned())
}

/// As [`line()`], but may be empty.
pub(super) fn optional_line(text: &str, most: usize) -> Option<String> {
    if is_blank(text) { Some(String::new()) } else { line(text, most) }
}

/// Several lines of at most `most` characters, with line ends as `\n`, trimmed; `None` when it is longer or holds
/// what no text may.
pub(super) fn lines(text: &str, most: usize) -> Option<String> {
    let text = text.replace("\r\n", "\n").trim().to_owned();
    let refused = |letter: char| is_refused(letter) && letter != '\n' && letter != '\t';
    let sound = text.chars().count() <= most && !text.chars().any(refused) && !is_piled(&text);
    sound.then_some(text)
}

/// A body: its spaces matter, so only its line ends are changed.
pub(super) fn body(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let refused = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    (text.len() <= LONGEST_BODY && !text.chars().any(refused)).then_some(text)
}

/// A language such as `en` or `pt-BR`.
pub(super) fn language(text: &str) -> Option<String> {
    let text = text.trim();
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let sound = text.len() <= 35
        && (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    sound.then(|| text.to_owned())
}

/// True for what can be an e-mail address; whether somebody reads it, only a mail can tell.
pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    text.len() <= 254
        && (1..=64).contains(&name.len())
        && !host.is_empty()
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains("..")
        && host.chars().all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '.')
        && !name.chars().any(|letter| letter.is_whitespace() || is_refused(letter) || "@,;<>\"()".contains(letter))
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|letter| letter.is_whitespace() || is_invisible(letter))
}

fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Control characters, the sign for unreadable bytes, and what turns the direction of the text around.
fn is_refused(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{fffd}' | '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
                | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// True when more marks stand on one letter than can be read.
fn is_piled(text: &str) -> bool {
    let mut marks = 0;
    text.chars().any(|letter| {
        let mark = matches!(
            letter,
            '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
                | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
        );
        marks = if mark { marks + 1 } else { 0 };
        marks > MOST_MARKS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_must_be_readable() {
        assert_eq!(line("  Safety guide ", 200).as_deref(), Some("Safety guide"));
        for bad in [
            "",
            "   ",
            "\u{200b}",
            "a\u{202e}b",
            "a\nb",
            "a\0b",
            "\u{fffd}",
            &"x".repeat(201),
            &format!("a{}", "\u{301}".repeat(9)),
        ] {
            assert_eq!(line(bad, 200), None, "{bad:?}");
        }
        assert_eq!(line(&"ä".repeat(200), 200).map(|text| text.chars().count()), Some(200));
    }

    #[test]
    fn a_language_is_a_short_code() {
        for good in ["en", "pt-BR", "zh-Hans-CN", "de-1996"] {
            assert_eq!(language(good).as_deref(), Some(good));
        }
        for bad in ["", "e", "english", "en-", "en_US", "e1", "en-\u{e9}"] {
            assert_eq!(language(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_has_a_name_and_a_host() {
        for good in ["jonas@acme.example", "a.b+c@x-y.example", "jörg@bücher.example", "root@intranet"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "jonas", "@acme.example", "jonas@", "a b@acme.example", "a@b@c", "a@.b", "a@b..c", "<a@b.c>"] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn a_body_keeps_its_spaces_and_has_a_limit() {
        assert_eq!(body("  a\r\n\tb\n").as_deref(), Some("  a\n\tb\n"));
        assert_eq!(body("a\0"), None);
        assert_eq!(body(&"x".repeat(LONGEST_BODY + 1)), None);
    }
}
