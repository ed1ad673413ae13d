//! What every list has in common: the address that carries its filters, its cursor, and its choices.

use super::WebError;
use super::view::{Choice, Filled};

/// The address of a list with these fields; the empty ones are left out.
pub(crate) fn address<'a>(list: &str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.into_iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { list.to_owned() } else { format!("{list}?{query}") }
}

/// A cursor of the address, where one is given: `n` for newer rows (true) or `o` for older ones, and the row's id.
///
/// # Errors
/// A sentence, when it is neither.
pub(crate) fn cursor<T>(text: &str, id: impl Fn(&str) -> Option<T>) -> Result<Option<(bool, T)>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let (newer, rest) = match text.strip_prefix('n') {
        Some(rest) => (true, Some(rest)),
        None => (false, text.strip_prefix('o')),
    };
    let id = rest.and_then(id).ok_or("This page address is not valid. Start again at the first page.")?;
    Ok(Some((newer, id)))
}

/// What a filter with a fixed choice asks for, where it is set.
///
/// # Errors
/// The sentence, when there is no such choice.
pub(crate) fn chosen<T>(text: &str, parse: impl Fn(&str) -> Option<T>, sentence: &str) -> Result<Option<T>, WebError> {
    if text.is_empty() {
        return Ok(None);
    }
    parse(text).map(Some).ok_or_else(|| WebError::BadRequest(sentence.to_owned()))
}

/// Why a list shows what it shows; `narrowed` by a filter or a cursor.
pub(crate) fn filled(empty: bool, narrowed: bool) -> Filled {
    match (empty, narrowed) {
        (false, _) => Filled::Rows,
        (true, false) => Filled::Empty,
        (true, true) => Filled::NoMatch,
    }
}

/// The choices of a filter: these, below one that takes it off.
pub(crate) fn choices<'a, L: Into<String>>(
    none: &str,
    chosen: &str,
    all: impl IntoIterator<Item = (&'a str, L)>,
) -> Vec<Choice> {
    let choice = |value: &str, label: String| Choice { value: value.to_owned(), label, chosen: value == chosen };
    std::iter::once(choice("", none.to_owned()))
        .chain(all.into_iter().map(|(value, label)| choice(value, label.into())))
        .collect()
}

/// What is told where the switch between the environments asks for another.
pub(crate) const NO_ENVIRONMENT: &str = "The environment is production or test.";

/// The switch between the environments.
pub(crate) fn environments(chosen: &str) -> Vec<Choice> {
    choices("Any", chosen, [("production", "Production"), ("test", "Test")])
}

/// With a capital letter at its beginning.
pub(crate) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_what_is_filled_in() {
        assert_eq!(address("/events", [("q", ""), ("type", "")]), "/events");
        assert_eq!(address("/events", [("q", "a & b"), ("type", ""), ("to", "1")]), "/events?q=a+%26+b&to=1");
    }

    #[test]
    fn a_cursor_is_read_or_refused() {
        let read = |text| cursor(text, |id| id.parse::<u8>().ok());
        assert_eq!(read(""), Ok(None));
        assert_eq!((read("n7"), read("o7")), (Ok(Some((true, 7))), Ok(Some((false, 7)))));
        for wrong in ["7", "n", "x7", "o-7", "on7", "ñ7"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
