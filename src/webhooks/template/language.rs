//! The language of templates: Jinja without what can build a value larger than the data it is built from; pure.
//!
//! Work and text are paid for with fuel, step by step. What fuel cannot see is a small value that stands for a large
//! one: lists of lists that share their elements, which grow when they are written. So nothing makes such values.

use std::sync::LazyLock;

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

/// What one body may cost: a step of the template costs 1, and so do 64 bytes that it reads or writes. A usual
/// template takes some hundreds.
const FUEL: u64 = 150_000;
/// The tags there are.
const TAGS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
/// Filters that put values into new lists.
const WITHOUT_FILTERS: [&str; 6] = ["batch", "chain", "map", "pprint", "slice", "zip"];
/// Functions that keep or make values.
const WITHOUT_FUNCTIONS: [&str; 3] = ["debug", "dict", "namespace"];
/// Words after which a bracket begins a value.
const WORDS: [&str; 8] = ["and", "else", "elif", "if", "in", "is", "not", "or"];

/// The language, without a template.
pub(super) static LANGUAGE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut language = Environment::new();
    language.set_undefined_behavior(UndefinedBehavior::Strict);
    language.set_auto_escape_callback(|_| AutoEscape::Json);
    language.set_formatter(write);
    language.set_fuel(Some(FUEL));
    language.set_debug(true);
    for name in WITHOUT_FILTERS {
        language.remove_filter(name);
    }
    for name in WITHOUT_FUNCTIONS {
        language.remove_global(name);
    }
    language
});

/// What a body that fails costs, unless it fails later.
const EARLY: u64 = 2_000;

/// The body, and the fuel that it cost. The engine does not tell what a failure cost: where it fails with little fuel
/// too, it was little, or else it counts as all there is.
pub(super) fn render(language: &Environment<'_>, name: &str, values: Value) -> (Result<String, Error>, u64) {
    let rendered = language.get_template(name).and_then(|template| template.render_captured(values.clone()));
    match rendered {
        Ok(body) => {
            let fuel = body.state().fuel_levels().map_or(FUEL, |(consumed, _)| consumed);
            (Ok(body.into_output()), fuel)
        }
        Err(error) if error.kind() == ErrorKind::OutOfFuel => (Err(error), FUEL),
        Err(error) => {
            let mut short = language.clone();
            short.set_fuel(Some(EARLY));
            let again = short.get_template(name).and_then(|template| template.render(values)).err();
            let is_late = again.is_some_and(|again| again.kind() == ErrorKind::OutOfFuel);
            (Err(error), EARLY + if is_late { FUEL } else { EARLY })
        }
    }
}

/// A value as a body carries it: a text is escaped for its place between the quotes, all else is written as JSON.
fn write(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    // What is not there is refused before; this is an `if` without an `else`.
    if value.is_undefined() {
        return Ok(());
    }
    match value.as_str().filter(|_| !value.is_safe()) {
        Some(text) => {
            let quoted = serde_json::to_string(text)
                .map_err(|fault| Error::new(ErrorKind::InvalidOperation, fault.to_string()))?;
            Ok(std::fmt::Write::write_str(out, &quoted[1..quoted.len() - 1])?)
        }
        None => minijinja::escape_formatter(out, state, value),
    }
}

/// What a bracket that is still open belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Call,
    Group,
    Index,
}

/// Whether a text keeps to the language. What cannot be read at all is left to the compiler.
///
/// # Errors
/// The line, and what is not part of it: `line 2: {% set %} is not part of this language`.
pub(super) fn check(text: &str) -> Result<(), String> {
    let tokens: Vec<_> = tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok).collect();
    let mut open: Vec<Open> = Vec::new();
    let mut names = false;
    for (place, (token, span)) in tokens.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| &tokens[place].0);
        let after = tokens.get(place + 1).map(|(token, _)| token);
        let refuse = |what: &str| Err(format!("line {}: {what} is not part of this language", span.start_line));
        match token {
            Token::BlockStart => match after {
                Some(Token::Ident(tag)) if TAGS.contains(tag) => names = *tag == "for",
                Some(Token::Ident(tag)) => return refuse(&format!("{{% {tag} %}}")),
                _ => {}
            },
            Token::BlockEnd | Token::VariableEnd => {
                open.clear();
                names = false;
            }
            Token::Ident("in") => names = false,
            Token::Ident("recursive") if !matches!(before, Some(Token::Dot)) => return refuse("a recursive loop"),
            Token::Mul | Token::Pow => return refuse("multiplication"),
            Token::BracketOpen if follows_a_value(before) => open.push(Open::Index),
            Token::BracketOpen if !matches!(after, Some(Token::BracketClose)) => return refuse("a list with elements"),
            Token::BracketOpen => open.push(Open::Group),
            Token::BraceOpen if !matches!(after, Some(Token::BraceClose)) => return refuse("an object with members"),
            Token::ParenOpen => open.push(if follows_a_value(before) { Open::Call } else { Open::Group }),
            Token::BracketClose | Token::ParenClose => {
                open.pop();
            }
            Token::Comma if !names && open.last() != Some(&Open::Call) => return refuse("a list with elements"),
            _ => {}
        }
    }
    Ok(())
}

/// True where a bracket asks something of what stands before it.
fn follows_a_value(before: Option<&Token<'_>>) -> bool {
    match before {
        Some(Token::Ident(word)) => !WORDS.contains(word),
        Some(Token::Str(_) | Token::String(_) | Token::BracketClose | Token::ParenClose | Token::BraceClose) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_grow_is_not_part_of_the_language() {
        for (template, what) in [
            ("{% set a = 1 %}", "{% set %}"),
            ("x\n{%- with a = 1 %}", "{% with %}"),
            ("{% macro a() %}{% endmacro %}", "{% macro %}"),
            ("{% filter upper %}{% endfilter %}", "{% filter %}"),
            ("{% for a in data recursive %}{{ loop(a) }}{% endfor %}", "a recursive loop"),
            ("{{ 'x' * 9 }}", "multiplication"),
            ("{{ 2 ** 9 }}", "multiplication"),
            ("{{ [data, data] }}", "a list with elements"),
            ("{{ [data] }}", "a list with elements"),
            ("{{ (data, data) }}", "a list with elements"),
            ("{{ (data,) }}", "a list with elements"),
            ("{{ data, data }}", "a list with elements"),
            ("{% for a in data, data %}{% endfor %}", "a list with elements"),
            ("{% for a in [data] %}{% endfor %}", "a list with elements"),
            ("{% if a in [data] %}{% endif %}", "a list with elements"),
            ("{{ data.x|default([data]) }}", "a list with elements"),
            ("{{ data.x|default((data, 1)) }}", "a list with elements"),
            ("{{ {'a': data} }}", "an object with members"),
            ("{{ data[(data, 1)] }}", "a list with elements"),
        ] {
            let fault = check(template).unwrap_err();
            assert!(fault.contains(&format!(": {what} is not part")), "{template}: {fault}");
        }
        assert!(check("x\n{%- with a = 1 %}").unwrap_err().starts_with("line 2: "));
        for filter in WITHOUT_FILTERS {
            assert!(LANGUAGE.render_str(&format!("{{{{ 'a'|{filter} }}}}"), ()).is_err(), "{filter}");
        }
    }

    #[test]
    fn what_people_write_is() {
        for template in [
            "[1, 2, {\"a\": [\"*\"]}] {# [1, 2] * #}",
            "{{ \"a, b * [c, d]\" }}",
            "{% for name, value in (data|items)[:10] if value is string %}{{ name }}{% else %}{% endfor %}",
            "{{ data.x|default([]) }}{{ data.x|default({}) }}",
            "{{ data.list|join(', ', attribute='name') }}",
            "{{ data['a b'][0].recursive }}",
            "{{ (data.a + 1) // 2 ~ 'x' if data.a is defined and (data.b or not data.c) else loop.cycle('a', 'b') }}",
            "{% raw %}{% set x = [1, 2] %}{% endraw %}",
        ] {
            assert_eq!(check(template), Ok(()), "{template}");
        }
    }
}
