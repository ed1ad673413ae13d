//! The tables of the documentation are those of the code; a failure prints what to put in.

use std::time::Duration;

use postrider::config::{Flags, load_from, manual};
use postrider::delivery::{Outcome, retry};
use postrider::webhooks::Retry;

use super::{between, block, page};
use crate::support::process::Scratch;
use crate::tidy::files;

fn compare(path: &str, mark: &str, expected: &str) {
    let page = page(path);
    assert!(between(&page, mark) == expected.trim(), "put this between the marks \"{mark}\" of {path}:\n{expected}");
}

#[test]
fn the_configuration_lists_every_setting() {
    compare("docs/configuration.md", "settings", &manual());
}

#[test]
fn the_examples_of_a_file_are_sound() {
    let folder = Scratch::new("docs");
    for (path, info) in [("docs/configuration.md", "toml example"), ("docs/operators/install.md", "toml first")] {
        let file = folder.path().join("postrider.toml");
        std::fs::write(&file, block(&page(path), info)).unwrap();
        let flags = Flags::from_pairs([("config", file.display().to_string())]);
        let loaded = load_from(&flags, []).unwrap_or_else(|problems| panic!("{path}: {problems}"));
        assert_eq!(loaded.settings.public_url, "https://hooks.example.com");
        assert_eq!(loaded.settings.data_dir.to_str(), Some("/var/lib/postrider"));
    }
}

#[test]
fn troubleshooting_knows_every_outcome() {
    let path = "docs/operators/troubleshooting.md";
    let row = |name: &str, outcome: Outcome, status| {
        format!("| `{name}` | {} | {} |\n", outcome.cause(status), outcome.remedy(status))
    };
    // What an answer's code means stands in a table of its own.
    let all = Outcome::ALL.iter().filter(|outcome| **outcome != Outcome::Status);
    let outcomes: String = all.map(|outcome| row(outcome.as_str(), *outcome, None)).collect();
    compare(path, "outcomes", &format!("| outcome | cause | remedy |\n|---|---|---|\n{outcomes}"));

    let codes = [210, 400, 401, 403, 404, 405, 408, 410, 413, 415, 422, 429, 500, 502, 503, 504];
    let statuses: String = codes.iter().map(|code| row(&code.to_string(), Outcome::Status, Some(*code))).collect();
    compare(path, "statuses", &format!("| code | cause | remedy |\n|---|---|---|\n{statuses}"));
}

#[test]
fn the_table_of_attempts_is_the_schedule() {
    let page = page("docs/administrators/receivers.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| attempt |")).skip(2);
    let shown: Vec<&str> = rows.map_while(|row| row.strip_prefix("| ")?.split(" | ").nth(1)).collect();
    let shown: Vec<&str> = shown.iter().map(|cell| cell.trim_end_matches(" |")).collect();
    let in_words = |seconds: &u32| match Duration::from_secs(u64::from(*seconds)).as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    };
    let delays = retry::delays(&Retry::Standard).iter().map(in_words);
    let expected: Vec<String> = std::iter::once("at once".to_owned()).chain(delays).collect();
    assert_eq!(shown, expected);
}

#[test]
fn the_index_has_every_decision() {
    let index = page("docs/adr/README.md");
    for (path, text) in files("docs/adr", ".md") {
        let name = path.rsplit('/').next().unwrap();
        if name != "README.md" {
            let title = text.lines().next().unwrap().split_once(". ").expect("# N. Title").1;
            assert!(index.contains(&format!("[{title}]({name})")), "the index lacks [{title}]({name})");
        }
    }
}
