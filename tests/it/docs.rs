//! The documentation stays true: what it names exists, its tables are those of the code, its code runs.

mod names;
mod receivers;
mod tables;

use crate::tidy::files;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every page, with its path.
fn pages() -> Vec<(String, String)> {
    let places = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs"];
    let pages: Vec<_> = places.into_iter().flat_map(|place| files(place, ".md")).collect();
    assert!(pages.len() > 15, "the pages are found");
    pages
}

/// One page.
fn page(path: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between the marks of that name.
fn between<'a>(page: &'a str, name: &str) -> &'a str {
    let begin = format!("<!-- {name}: begin -->");
    let end = format!("<!-- {name}: end -->");
    let rest = page.split_once(&begin).unwrap_or_else(|| panic!("{begin} is missing")).1;
    rest.split_once(&end).unwrap_or_else(|| panic!("{end} is missing")).0.trim()
}

/// A page's text without its code, and its code blocks with what stands after their fences.
fn parts(page: &str) -> (String, Vec<(&str, String)>) {
    let (mut text, mut blocks, mut open) = (String::new(), Vec::new(), None::<(&str, String)>);
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info.trim(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, code))) => *code = format!("{code}{line}\n"),
            (None, None) => text = format!("{text}{line}\n"),
        }
    }
    assert!(open.is_none(), "a code block has no end");
    (text, blocks)
}

/// The code block of that name, e.g. `python by-hand`.
fn block(page: &str, info: &str) -> String {
    let (_, blocks) = parts(page);
    let mut found = blocks.into_iter().filter(|(name, _)| *name == info).map(|(_, code)| code);
    let code = found.next().unwrap_or_else(|| panic!("there is no block \"{info}\""));
    assert!(found.next().is_none(), "there are two blocks \"{info}\"");
    code
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.split('`').skip(1).step_by(2))
}
