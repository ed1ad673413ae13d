//! The code of a webhook: lower-case letters, digits and underscores, suggested from its name where none is typed.

use std::collections::HashSet;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// The longest code.
pub const LONGEST: usize = 60;
/// What a name becomes of which no letter can be written so.
const NAMELESS: &str = "webhook";

/// A code as typed.
///
/// # Errors
/// How to put it right.
pub fn parse(text: &str) -> Result<String, &'static str> {
    if text.len() > LONGEST {
        return Err("Shorten the code to 60 characters.");
    }
    if text.is_empty() || !text.bytes().all(is_allowed) {
        return Err("Use lower-case letters a-z, digits and underscores only, for example ci_release.");
    }
    Ok(text.to_owned())
}

/// A code made from a name: always one that [`parse`] takes.
pub fn suggest(name: &str) -> String {
    let mut code = String::with_capacity(LONGEST);
    for letter in DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(name.trim().chars()) {
        for letter in letter.to_lowercase() {
            push(&mut code, letter);
        }
    }
    // Only ASCII is in it, so any place is the border of a letter.
    code.truncate(LONGEST);
    if code.bytes().all(|byte| byte == b'_') { NAMELESS.to_owned() } else { code }
}

/// The code itself when it is free, or else the first of `_2`, `_3`, … that is, cut so that it fits.
pub(super) fn free(code: &str, taken: &HashSet<String>) -> String {
    let mut candidate = code.to_owned();
    for number in 2.. {
        if !taken.contains(&candidate) {
            break;
        }
        let ending = format!("_{number}");
        candidate = format!("{}{ending}", &code[..code.len().min(LONGEST - ending.len())]);
    }
    candidate
}

fn is_allowed(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')
}

fn push(code: &mut String, letter: char) {
    // Letters that Unicode does not take apart, written as their languages do without them.
    let written = match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŋ' => "ng",
        'þ' => "th",
        'ŧ' => "t",
        letter if letter.is_whitespace() || letter == '_' => {
            if !code.ends_with('_') {
                code.push('_');
            }
            return;
        }
        letter if u8::try_from(letter).is_ok_and(is_allowed) => return code.push(letter),
        _ => return,
    };
    code.push_str(written);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_becomes_a_code() {
        for (name, code) in [
            ("CI", "ci"),
            ("  CI release  pipeline ", "ci_release_pipeline"),
            ("Übersetzung für Łódź", "ubersetzung_fur_lodz"),
            ("Straße GROẞ", "strasse_gross"),
            ("Ærø Œuvre Þór İzmir ığdır", "aero_oeuvre_thor_izmir_igdir"),
            ("a - b _ c", "a_b_c"),
            ("Ｆｕｌｌ ﬁne", "full_fine"),
            ("CI-release (2)!", "cirelease_2"),
            ("文書の公開", "webhook"),
            ("_ _", "webhook"),
            ("\u{1d400}\u{1d401}", "ab"),
        ] {
            assert_eq!(suggest(name), code, "{name}");
        }
    }

    #[test]
    fn a_typed_code_is_taken_as_it_is_or_refused() {
        for code in ["a", "0", "_", "ci_release_2", &"x".repeat(60)] {
            assert_eq!(parse(code).as_deref(), Ok(code));
        }
        for code in ["", "A", "a-b", "ä", "a b", " a", "a\n", &"x".repeat(61)] {
            assert!(parse(code).is_err(), "{code:?}");
        }
    }

    #[test]
    fn a_taken_code_gets_a_number_and_still_fits() {
        let taken = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<HashSet<_>>();
        assert_eq!(free("ci", &taken(&[])), "ci");
        assert_eq!(free("ci", &taken(&["ci"])), "ci_2");
        assert_eq!(free("ci", &taken(&["ci", "ci_2", "ci_3"])), "ci_4");
        let long = "x".repeat(60);
        assert_eq!(free(&long, &taken(&[&long])), format!("{}_2", "x".repeat(58)));
    }

    proptest! {
        #[test]
        fn a_suggestion_is_always_a_code_and_suggests_itself(name in any::<String>()) {
            let code = suggest(&name);
            prop_assert!(parse(&code).is_ok(), "{code}");
            prop_assert_eq!(suggest(&code), code);
        }

        #[test]
        fn a_free_code_is_a_code_that_nobody_has(
            names in prop::collection::vec("[a-c ]{1,70}", 1..20),
        ) {
            let mut taken = HashSet::new();
            for name in names {
                let code = free(&suggest(&name), &taken);
                prop_assert!(parse(&code).is_ok(), "{code}");
                prop_assert!(taken.insert(code));
            }
        }
    }
}
