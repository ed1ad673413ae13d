//! What the documentation names exists: links, files, commands, settings, addresses, labels, tests.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use postrider::config::reference;

use super::{ROOT, page, pages, parts, quoted};
use crate::tidy::files;

fn check(faults: &[String]) {
    assert!(faults.is_empty(), "the documentation names what is not there:\n{}", faults.join("\n"));
}

#[test]
fn every_link_leads_somewhere() {
    let mut faults = Vec::new();
    for (path, page) in pages() {
        let (text, _) = parts(&page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { beside(&path, file) };
            match std::fs::read_to_string(Path::new(ROOT).join(&file)) {
                Ok(there) if !anchor.is_empty() && !anchors(&there).contains(anchor) => {
                    faults.push(format!("{path}: {file} has no heading #{anchor}"));
                }
                Ok(_) => {}
                Err(_) if Path::new(ROOT).join(&file).exists() && anchor.is_empty() => {}
                Err(_) => faults.push(format!("{path}: {target}")),
            }
        }
    }
    check(&faults);
}

/// A target as seen from a page, from the root of the project.
fn beside(page: &str, target: &str) -> String {
    let mut path = PathBuf::from(page).parent().map(Path::to_owned).unwrap_or_default();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.display().to_string()
}

/// The anchors that the headings of a page make.
fn anchors(page: &str) -> BTreeSet<String> {
    let (text, _) = parts(page);
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let letters = |heading: &str| heading.to_lowercase().replace(' ', "-");
    let kept = |letter: &char| letter.is_alphanumeric() || "-_".contains(*letter);
    headings.map(|heading| letters(heading).chars().filter(kept).collect()).collect()
}

#[test]
fn every_file_that_is_named_exists() {
    const ROOMS: [&str; 8] =
        ["src/", "tests/", "docs/", "static/", "templates/", "migrations/", "benches/", "tests/e2e/"];
    let mut faults = Vec::new();
    for (path, page) in pages() {
        let (text, _) = parts(&page);
        let named = quoted(&text).filter(|name| ROOMS.iter().any(|room| name.starts_with(room)));
        let whole = named.filter(|name| !name.contains([' ', '…', '*', '{']) && !name.contains("NNNN"));
        let missing = whole.filter(|name| !Path::new(ROOT).join(name).exists());
        faults.extend(missing.map(|name| format!("{path}: {name}")));
    }
    check(&faults);
}

#[test]
fn every_command_that_is_named_exists() {
    let mut commands = BTreeSet::new();
    for (_, page) in pages() {
        let (text, blocks) = parts(&page);
        let code = blocks.iter().flat_map(|(_, code)| code.lines());
        for line in quoted(&text).chain(code) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let calls =
                words.iter().enumerate().filter(|(_, word)| **word == "postrider" || word.ends_with("/postrider"));
            for (at, _) in calls {
                let rest = words[at + 1..].iter().take_while(|word| is_command(word)).take(2);
                let command: Vec<String> = rest.map(|word| (*word).to_owned()).collect();
                commands.extend((!command.is_empty() && command[0] != "postrider").then_some(command));
            }
        }
    }
    assert!(commands.len() > 8, "the commands are found: {commands:?}");
    let unknown = |command: &&Vec<String>| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_postrider"));
        let asked = program.env_clear().args(*command).arg("--help").output();
        !asked.expect("it runs").status.success()
    };
    check(&commands.iter().filter(unknown).map(|command| command.join(" ")).collect::<Vec<_>>());
}

fn is_command(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[test]
fn every_setting_that_is_named_exists() {
    /// Of the tests, of examples, and of what is no setting.
    const OTHERS: [&str; 4] = ["API_KEY", "LIKE_THIS", "TEST_POSTGRES", "HTTPS_PROXY"];
    let known: Vec<String> = reference().iter().map(|row| row.name.to_ascii_uppercase()).collect();
    let is_letter = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let mut faults = Vec::new();
    for (path, page) in pages().into_iter().chain(files("docs", ".service")) {
        let variables = page.split("POSTRIDER_").skip(1);
        let variables = variables.map(|rest| &rest[..rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len())]);
        let written = quoted(&page).filter(|word| word.contains('_') && word.chars().all(is_letter));
        let written = written.map(|word| word.strip_prefix("POSTRIDER_").unwrap_or(word));
        for name in variables.chain(written).filter(|name| !name.is_empty() && !OTHERS.contains(name)) {
            if !known.iter().any(|known| known == name) {
                faults.push(format!("{path}: {name}"));
            }
        }
    }
    check(&faults);
}

#[test]
fn every_address_that_is_named_exists() {
    let routes: BTreeSet<&str> = postrider::app::routes().iter().map(|route| route.path).collect();
    let mut faults = Vec::new();
    for (path, page) in pages() {
        let ours =
            |name: &&str| ["/api/", "/settings/", "/healthz", "/readyz"].iter().any(|start| name.starts_with(start));
        let whole = |name: &&str| !name.ends_with('/') && !name.contains([' ', '?', '{']);
        let named = quoted(&page).filter(ours).filter(whole);
        let missing = named.filter(|name| !routes.contains(name));
        faults.extend(missing.map(|name| format!("{path}: {name}")));
    }
    check(&faults);
}

#[test]
fn every_label_of_the_first_hour_is_on_the_screen() {
    let first_hour = page("docs/administrators/first-hour.md");
    let (text, _) = parts(&first_hour);
    let labels: BTreeSet<&str> = text.split("**").skip(1).step_by(2).collect();
    assert!(labels.len() > 25, "the labels are found");
    let sources = [files("templates", ".html"), files("src", ".rs")].concat();
    let missing = labels.into_iter().filter(|label| !sources.iter().any(|(_, source)| source.contains(label)));
    check(&missing.map(str::to_owned).collect::<Vec<_>>());
}

#[test]
fn every_test_that_is_named_exists() {
    let sources = [files("tests/it", ".rs"), files("src", ".rs")].concat();
    let is_name =
        |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let mut count = 0;
    let mut faults = Vec::new();
    for path in ["docs/security.md", "docs/delivery.md"] {
        for named in quoted(&page(path)).filter_map(|word| word.split_once("::")) {
            let (module, test) = named;
            if !is_name(module) || !is_name(test) || !test.contains('_') {
                continue;
            }
            count += 1;
            let here = |file: &str| file.replace(".rs", "/").split('/').any(|part| part == module);
            let is_there = |text: &str| ["(", "<", "\n"].iter().any(|end| text.contains(&format!("fn {test}{end}")));
            if !sources.iter().any(|(file, text)| here(file) && is_there(text)) {
                faults.push(format!("{path}: {module}::{test}"));
            }
        }
    }
    assert!(count > 80, "the tests are found");
    check(&faults);
}
