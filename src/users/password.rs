//! Passwords: what is too easy to guess, and hashing that costs the same for known and unknown people.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc;
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// The fewest characters.
pub const SHORTEST: usize = 12;
/// The most bytes.
pub const LONGEST: usize = 1024;
/// How long a sign-in waits for its turn to hash.
const PATIENCE: Duration = Duration::from_secs(2);

/// Words and keyboard runs that common passwords are made of; what is left of a password without them, without
/// digits and signs, must be worth guessing.
const COMMON: &str = include_str!("common_words.txt");

/// A password that may be set.
pub struct Password(SecretString);

impl Password {
    /// Checks a password; `known` is what a guesser would try first, such as the person's e-mail address and name.
    ///
    /// # Errors
    /// How to put it right.
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, &'static str> {
        if text.chars().count() < SHORTEST {
            return Err("Use at least 12 characters.");
        }
        if text.len() > LONGEST {
            return Err("Use at most 1,024 bytes.");
        }
        if is_pattern(text) {
            return Err(
                "Too easy to guess: the same few characters again, or a run of neighbours. Mix in something else.",
            );
        }
        let known: Vec<String> = known.iter().flat_map(|text| words(text)).collect();
        let common = COMMON.split_whitespace().map(str::to_owned);
        if letters_left(text, &known) < 4 && has_letters(text) {
            return Err(
                "Too easy to guess: it is made of your name, e-mail address or this product's name. Use something else.",
            );
        }
        if letters_left(text, &known.iter().cloned().chain(common).collect::<Vec<_>>()) < 4 && has_letters(text) {
            return Err("Too easy to guess: it is made of common passwords. Use something else.");
        }
        Ok(Self(SecretString::from(text)))
    }
}

/// A password as it is stored.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The text with its parameters and salt.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What comparing a password told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the one.
    Wrong,
    /// It is; stored under today's parameters.
    Right,
    /// It is, and the stored hash is cheaper to guess than today's.
    Outdated,
}

/// Everybody else is hashing just now.
#[derive(Debug, thiserror::Error)]
#[error("too many passwords are being hashed at once")]
pub struct Crowded;

/// Hashes a few passwords at a time, each with 19 MiB; shared by all threads that serve.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    turns: Semaphore,
    /// Compared for people who do not exist, so that they take as long as those who do.
    dummy: String,
}

impl Hasher {
    /// As many at a time as there are cores, at most four.
    ///
    /// # Errors
    /// When the hash function refuses, which it does for no password that fits.
    pub fn new() -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let dummy = hash("nobody has this password")?;
        Ok(Self(Arc::new(Inner { turns: Semaphore::new(cores.min(4)), dummy })))
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`Crowded`] inside `Ok` when it is not its turn in time; else when the hash function refuses.
    pub async fn hash(&self, password: Password) -> anyhow::Result<Result<PasswordHash, Crowded>> {
        let Ok(Ok(_turn)) = tokio::time::timeout(PATIENCE, self.0.turns.acquire()).await else {
            return Ok(Err(Crowded));
        };
        let hash = tokio::task::spawn_blocking(move || hash_now(&password)).await??;
        Ok(Ok(hash))
    }

    /// Hashes again what was just compared, under today's parameters.
    ///
    /// # Errors
    /// As [`Hasher::hash`].
    pub async fn again(&self, typed: SecretString) -> anyhow::Result<Result<PasswordHash, Crowded>> {
        self.hash(Password(typed)).await
    }

    /// Compares what was typed with what is stored; with nothing stored it takes as long and is wrong.
    ///
    /// # Errors
    /// As [`Hasher::hash`].
    pub async fn verify(
        &self,
        typed: SecretString,
        stored: Option<String>,
    ) -> anyhow::Result<Result<Verdict, Crowded>> {
        let Ok(Ok(_turn)) = tokio::time::timeout(PATIENCE, self.0.turns.acquire()).await else {
            return Ok(Err(Crowded));
        };
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.0.dummy.clone());
        let verdict = tokio::task::spawn_blocking(move || verify_now(typed.expose_secret(), &stored)).await?;
        Ok(Ok(if exists { verdict } else { Verdict::Wrong }))
    }
}

/// Hashes a new password on this thread, for commands.
///
/// # Errors
/// When the hash function refuses.
pub fn hash_now(password: &Password) -> anyhow::Result<PasswordHash> {
    hash(password.0.expose_secret()).map(PasswordHash)
}

fn hash(text: &str) -> anyhow::Result<String> {
    let hash: phc::PasswordHash = Argon2::default().hash_password(text.as_bytes())?;
    Ok(hash.to_string())
}

fn verify_now(typed: &str, stored: &str) -> Verdict {
    let Ok(hash) = phc::PasswordHash::new(stored) else { return Verdict::Wrong };
    if Argon2::default().verify_password(typed.as_bytes(), &hash).is_err() {
        return Verdict::Wrong;
    }
    let today = Params::default();
    let current = Params::try_from(&hash).is_ok_and(|params| {
        params.m_cost() >= today.m_cost() && params.t_cost() >= today.t_cost() && params.p_cost() >= today.p_cost()
    });
    if current { Verdict::Right } else { Verdict::Outdated }
}

/// Few different characters, a short piece repeated, or mostly neighbours in the alphabet or on a keyboard.
fn is_pattern(text: &str) -> bool {
    const ROWS: [&str; 4] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890"];
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    let mut different = letters.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < 5 {
        return true;
    }
    if (1..SHORTEST.min(letters.len() / 2 + 1)).any(|size| letters.iter().zip(&letters[size..]).all(|(a, b)| a == b)) {
        return true;
    }
    let adjacent = |a: char, b: char| {
        let near = (u32::from(a)).abs_diff(u32::from(b)) <= 1;
        near || ROWS.iter().any(|row| match (row.find(a), row.find(b)) {
            (Some(a), Some(b)) => a.abs_diff(b) == 1,
            _ => false,
        })
    };
    let near = letters.windows(2).filter(|pair| adjacent(pair[0], pair[1])).count();
    near * 4 >= (letters.len() - 1) * 3
}

/// The parts of an address or a name that are long enough to matter, and the product's name.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let parts = text.split(|letter: char| !letter.is_alphanumeric()).filter(|part| part.chars().count() >= 4);
    parts.chain(["postrider"]).map(str::to_owned).collect()
}

/// A password of digits and signs has no letters to lose; the patterns judge it.
fn has_letters(text: &str) -> bool {
    text.chars().filter(|letter| letter.is_alphabetic()).count() >= 4
}

/// How many letters are left without these words, as typed and with the usual replacements of letters undone.
fn letters_left(text: &str, words: &[String]) -> usize {
    let undone = |letter: char| match letter {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let typed = text.to_lowercase();
    let typed = typed.trim_matches(|letter: char| !letter.is_alphabetic());
    let undone: String = typed.chars().map(undone).collect();
    let left = |text: &str| {
        let text = words.iter().fold(text.to_owned(), |text, word| text.replace(word, " "));
        text.chars().filter(|letter| letter.is_alphabetic()).count()
    };
    left(typed).min(left(&undone))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["maria.lindqvist@acme.example", "Maria Lindqvist"];

    fn refused(text: &str) -> bool {
        Password::parse(text, &KNOWN).is_err()
    }

    #[test]
    fn easy_passwords_are_refused() {
        for text in [
            "short",
            "elevenchars",
            "aaaaaaaaaaaaaaaa",
            "abababababab",
            "abcdefghijkl",
            "123456789012",
            "qwertyuiopas",
            "password1234",
            "P@ssw0rd2026!",
            "Welcome12345",
            "iloveyou!!!!!",
            "adminadmin12",
            "letmein-letmein",
            "changeme2026",
            "postrider2026!",
            "maria.lindqvist",
            "LindqvistMaria1",
            "1q2w3e4r5t6y",
            "correctcorrect",
            "qwerty-password",
        ] {
            assert!(refused(text), "{text}");
        }
        assert!(refused(&"a1b2c3d4".repeat(200)));
    }

    #[test]
    fn long_and_odd_passwords_are_taken_as_they_are() {
        for text in [
            "correct horse battery staple",
            " wagon 7 trellis ",
            "\u{1f40e}\u{1f4ef} rides at dawn",
            "kV9#mQ2!xTz4",
            "93847561029384",
        ] {
            assert!(!refused(text), "{text}");
        }
        assert!(!refused(&"wagon trellis marmot lantern quarry ".repeat(3)[..64]));
    }

    #[test]
    fn a_cheaper_hash_is_right_and_outdated() {
        let params = Params::new(8192, 1, 1, None).unwrap();
        let old: phc::PasswordHash = Argon2::from(params).hash_password(b"wagon trellis").unwrap();
        assert_eq!(verify_now("wagon trellis", &old.to_string()), Verdict::Outdated);
        assert_eq!(verify_now("wagon trelliz", &old.to_string()), Verdict::Wrong);
        assert_eq!(verify_now("x", "no hash"), Verdict::Wrong);
    }
}
