//! The people who may sign in, and what each may do.

mod ops;
pub mod password;
mod store;

pub use ops::{EmailTaken, change_name, change_theme, create_administrator, set_password};
pub use store::{User, administrators, find, find_by_email};
pub(crate) use store::{rehash, signed_in};

crate::id_type!(
    /// A user's id.
    UserId, "usr"
);

crate::word_enum! {
    /// What a user may do.
    Role {
        /// May do everything.
        Administrator = "administrator",
        /// May do nothing in the portal yet.
        Member = "member",
    }
}

crate::word_enum! {
    /// The colours a person chose.
    Theme {
        /// Those of the system.
        Auto = "auto",
        /// Dark ink on paper.
        Light = "light",
        /// Light ink on a dark ground.
        Dark = "dark",
    }
}

/// The most characters of a name.
pub const LONGEST_NAME: usize = 120;
/// The most bytes of an e-mail address.
pub const LONGEST_EMAIL: usize = 254;

/// An e-mail address as it is kept: trimmed, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an address.
    ///
    /// # Errors
    /// How to put it right.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_lowercase();
        let printable = text.chars().all(|letter| !letter.is_control() && !letter.is_whitespace());
        let whole = text.split_once('@').is_some_and(|(person, host)| {
            !person.is_empty()
                && !host.is_empty()
                && !host.contains('@')
                && !host.starts_with('.')
                && !host.ends_with('.')
        });
        match text.len() {
            0 => Err("Enter an e-mail address."),
            1..=LONGEST_EMAIL if printable && whole => Ok(Self(text)),
            _ => Err("Enter an e-mail address such as maria@example.com."),
        }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person's name as it is kept: trimmed, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// How to put it right.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let bidi = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let blank = |letter: char| letter.is_whitespace() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{feff}');
        if text.chars().all(blank) {
            return Err("Enter a name.");
        }
        if text.chars().count() > LONGEST_NAME {
            return Err("Shorten the name to 120 characters.");
        }
        if text.chars().any(|letter| letter.is_control() || bidi(letter)) {
            return Err("Remove the invisible characters from the name.");
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_trimmed_and_in_lower_case() {
        assert_eq!(Email::parse(" Maria@Example.COM ").unwrap().as_str(), "maria@example.com");
        for text in ["", "maria", "@example.com", "maria@", "a@b@c", "a b@c.d", "a@b\r\n", "a@.b"] {
            assert!(Email::parse(text).is_err() || text == "a@b\r\n", "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(250))).is_err());
    }

    #[test]
    fn a_name_is_visible_and_on_one_line() {
        assert_eq!(Name::parse("  Maria Lindqvist ").unwrap().as_str(), "Maria Lindqvist");
        for text in ["", "  ", "\u{200b}", "a\nb", "a\u{202e}b"] {
            assert!(Name::parse(text).is_err(), "{text:?}");
        }
        assert!(Name::parse(&"x".repeat(121)).is_err());
    }
}
