//! The house rules that the compiler cannot check: imports, sizes, purposes, templates, migrations and words.

use std::{fs, path::Path};

/// A crate, then where in `src/` it may be named.
const IMPORTS: &str = "
    actix_web /web/ /sessions/ /pages.rs /pages/ /api.rs /api/ /app.rs /serve.rs /receiver/ /demo/receiver.rs
    askama    /web/ /pages.rs /pages/
    diesel    /clock.rs /ids.rs /db/ /schema.rs /store.rs /store/ /delivery/queue
    reqwest   /outbound/
";

/// The content policy refuses inline script and style; markup let through unescaped is a hole.
const NOT_IN_TEMPLATES: &str = "<script> <style style= onclick= onchange= onsubmit= |safe";

/// Of the workplace and of other products; the dots keep the words out of this file.
const UNWANTED: &str = "/wo.rk/ sv.ix con.voy hook.0 git.ea to.do: to.do! fix.me";

#[test]
fn a_crate_is_named_only_where_it_belongs() {
    check(&files("src", ".rs"), misplaced_imports);
}

#[test]
fn every_module_begins_with_its_purpose_and_stays_short() {
    check(&files("src", ".rs"), shapeless);
    check(&files("tests", ".rs"), shapeless);
}

#[test]
fn templates_hold_no_inline_script_or_style_and_no_raw_markup() {
    check(&files("templates", ".html"), |_, text| lines_with(text, NOT_IN_TEMPLATES));
}

#[test]
fn no_file_speaks_of_the_workplace_or_of_another_product() {
    for place in "src tests templates static migrations docs benches README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md"
        .split(' ')
    {
        check(&files(place, ""), |_, text| lines_with(text, &UNWANTED.replace('.', "")));
    }
}

#[test]
fn both_databases_have_the_same_migrations_with_a_way_back() {
    let names = |backend: &str| {
        let files = files(&format!("migrations/{backend}"), ".sql");
        let names = files.into_iter().map(|(path, _)| path.replace(backend, ""));
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    let (up, down): (Vec<_>, Vec<_>) = names("sqlite").into_iter().partition(|name| name.ends_with("/up.sql"));
    assert_eq!(up, down.iter().map(|name| name.replace("down", "up")).collect::<Vec<_>>());
}

#[test]
fn the_rules_find_what_breaks_them() {
    let imports = misplaced_imports("src/webhooks/ops.rs", "use actix_web::web;\n// diesel\n");
    assert_eq!(imports, ["use actix_web::web;"]);
    assert!(misplaced_imports("src/webhooks/pages.rs", "use tracing_actix_web::x;").is_empty());
    assert!(shapeless("a.rs", "//! Keeps\n//! webhooks.\n\nuse x;\n").is_empty());
    assert_eq!(shapeless("a.rs", "use x;\n").len(), 1);
    assert_eq!(shapeless("a.rs", &format!("//! Long.\n{}", "\n".repeat(600))).len(), 1);
    assert_eq!(lines_with("<b>\n<p onclick=\"x\">\n{{ x | safe }}", NOT_IN_TEMPLATES).len(), 2);
}

fn misplaced_imports(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for rule in IMPORTS.trim().lines() {
        let (name, places) = rule.trim().split_once(' ').expect("a crate and its places");
        if places.split_whitespace().any(|place| path.contains(place)) {
            continue;
        }
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let names = |line: &&str| line.split(|letter| !is_word(letter)).any(|word| word == name);
        wrong.extend(code.filter(names).map(str::to_owned));
    }
    wrong
}

fn shapeless(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let purpose = text.lines().map_while(|line| line.strip_prefix("//!"));
    let sentence = purpose.take_while(|line| !line.is_empty()).last();
    if !sentence.is_some_and(|end| end.ends_with(['.', ':'])) {
        faults.push("does not begin with its purpose: //! One sentence.".to_owned());
    }
    match text.lines().count() {
        ..=400 => {}
        long @ ..=600 => eprintln!("{path} has {long} lines: split it by what it knows"),
        long => faults.push(format!("{long} lines, 600 at most")),
    }
    faults
}

fn lines_with(text: &str, words: &str) -> Vec<String> {
    let found = |line: &&str| {
        let line = line.to_lowercase().replace("| safe", "|safe");
        words.split(' ').any(|word| line.contains(word))
    };
    text.lines().filter(found).map(str::to_owned).collect()
}

fn check(files: &[(String, String)], rule: impl Fn(&str, &str) -> Vec<String>) {
    let mut faults = String::new();
    for (path, text) in files {
        for fault in rule(path, text) {
            faults = format!("{faults}\n{path}: {}", fault.trim());
        }
    }
    assert!(faults.is_empty(), "against the rules of the house:{faults}");
}

/// The text files in a place of the project whose names end so, with their paths, in order.
pub fn files(place: &str, ending: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut waiting = vec![root.join(place)];
    while let Some(path) = waiting.pop() {
        let name = path.strip_prefix(root).expect("inside").display().to_string();
        if let Ok(folder) = path.read_dir() {
            waiting.extend(folder.map(|entry| entry.expect("the folder can be read").path()));
        } else if name.ends_with(ending) && !name.contains("node_modules") {
            found.extend(fs::read_to_string(&path).map(|text| (name, text)));
        }
    }
    found.sort();
    found
}
