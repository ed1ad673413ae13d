//! The truth table of the operators, the paths, and what a rule may not be.

use super::*;

const DATA: &str = r#"{
    "status": "draft", "empty": "", "nothing": null, "done": true, "not done": false, "word": "true", "no": "null",
    "count": 42, "price": 1.50, "big": 18446744073709551617, "typed": "42", "due": "2026-11-24",
    "tags": ["red", 7, "42", [1]], "user": {"name": "Ada", "groups": ["admins", {"id": 9}], "a.b": 1, "x/y": 2, "m~n": 3},
    "0": "zero", "caf\u00e9": "au lait", "quoted": "a \"b\"\n"
}"#;

fn written(path: &str, operator: &str, value: &str) -> Written {
    Written { path: path.to_owned(), operator: operator.to_owned(), value: value.to_owned() }
}

fn rule(path: &str, operator: &str, value: &str) -> Rule {
    Rule::parse(&written(path, operator, value)).unwrap_or_else(|error| panic!("{path} {operator} {value}: {error}"))
}

fn holds(path: &str, operator: &str, value: &str) -> bool {
    rule(path, operator, value).holds(&Document::new(DATA))
}

/// One row for each kind of value, one column for each operator: `equals`, `not_equals`, `contains`, `exists`,
/// `greater`, `less`, `matches`; `+` is true.
#[test]
fn the_truth_table() {
    let operators = ["equals", "not_equals", "contains", "exists", "greater", "less", "matches"];
    for (path, value, truth) in [
        ("status", "draft", "+-++--+"),
        ("status", "Draft", "-+-++--"),
        ("status", "raf", "-+++-++"),
        ("status", "released", "-+-+-+-"),
        ("status", "42", "-+-++--"),
        ("empty", "x", "-+-+-+-"),
        ("nothing", "null", "+--+---"),
        ("nothing", "x", "-+-+---"),
        ("done", "true", "+--+--+"),
        ("done", "false", "-+-+---"),
        ("not done", "false", "+--+--+"),
        ("word", "true", "+-++--+"),
        ("no", "null", "+-++--+"),
        ("count", "42", "+--+--+"),
        ("count", "42.0", "+--+---"),
        ("count", "4.2e1", "+--+---"),
        ("count", "9", "-+-++--"),
        ("count", "100", "-+-+-+-"),
        ("count", "4", "-+-++-+"),
        ("count", "abc", "-+-+---"),
        ("price", "1.5", "+--+--+"),
        ("price", "1.49999999999999999999", "-+-++--"),
        ("big", "18446744073709551617", "+--+--+"),
        ("big", "18446744073709551616", "-+-++--"),
        ("typed", "42", "+-++--+"),
        ("typed", "42.0", "-+-+---"),
        ("typed", "9", "-+-++--"),
        ("due", "2026-12-01", "-+-+-+-"),
        ("due", "2026-02-28", "-+-++--"),
        ("tags", "red", "-+++---"),
        ("tags", "re", "-+-+---"),
        ("tags", "7.0", "-+++---"),
        ("tags", "42", "-+++---"),
        ("tags.0", "red", "+-++--+"),
        ("user", "Ada", "-+-+---"),
        ("missing", "x", "-+-----"),
        ("missing", "null", "-+-----"),
        ("status.deeper", "x", "-+-----"),
    ] {
        let found: String = operators
            .iter()
            .map(|operator| {
                let value = if *operator == "exists" { "" } else { value };
                if holds(path, operator, value) { '+' } else { '-' }
            })
            .collect();
        assert_eq!(found, truth, "{path} and {value}");
    }
    assert!(holds("empty", "equals", "") && !holds("missing", "equals", "") && holds("missing", "not_equals", ""));
}

#[test]
fn a_path_is_names_with_dots_or_a_pointer() {
    for (path, value) in [
        ("user.name", "Ada"),
        ("/user/name", "Ada"),
        ("user.groups.0", "admins"),
        ("/user/groups/1/id", "9"),
        ("user.groups.1.id", "9"),
        ("/user/a.b", "1"),
        ("/user/x~1y", "2"),
        ("/user/m~0n", "3"),
        ("user.m~n", "3"),
        ("0", "zero"),
        ("caf\u{e9}", "au lait"),
        (" status ", "draft"),
    ] {
        assert!(holds(path, "equals", value), "{path}");
    }
    for path in [
        "user.groups.2",
        "user.groups.00",
        "user.groups.-1",
        "user.groups.+0",
        "user.groups.x",
        "/user/",
        "/",
        "tags.99999999999999999999",
    ] {
        assert!(!holds(path, "exists", ""), "{path}");
    }
    assert!(rule("quoted", "equals", "a \"b\"").miss(&Document::new(DATA)).starts_with("quoted is a \"b\" , wanted"));
}

#[test]
fn what_no_rule_can_be_is_refused_with_what_to_do() {
    let refused = |path: &str, operator: &str, value: &str| Rule::parse(&written(path, operator, value)).unwrap_err();
    for path in ["", " ", ".", "a.", ".a", "a..b", "a\u{7}b", "/a~", "/a~2", &"x".repeat(201)] {
        assert!(!refused(path, "equals", "x").is_empty(), "{path}");
    }
    assert_eq!(refused("a", "like", "x"), "Choose one of the operators.");
    for operator in ["contains", "greater", "less", "matches"] {
        assert_eq!(refused("a", operator, ""), "Enter the value.");
    }
    assert!(refused("a", "exists", "false").contains("only whether it is there"));
    assert!(refused("a", "equals", &"x".repeat(1_001)).contains("1,000"));
    for expression in ["(", "[a", "(?=x)", r"\1", "*", &"(".repeat(60)] {
        assert!(refused("a", "matches", expression).contains("no regular expression"), "{expression}");
    }
    for expression in [r"(\w{100}){100}", "((a{100}){100}){100}", r"\pL{1000}"] {
        assert!(refused("a", "matches", expression).contains("smaller"), "{expression}");
    }
    assert!(Rule::parse(&written(&"x".repeat(200), "equals", &"\u{e4}".repeat(1_000))).is_ok());
}

#[test]
fn all_or_any_and_which_rule_it_was() {
    let judged = |mode: &str, rules: &[(&str, &str)]| {
        let rules: Vec<Written> = rules.iter().map(|(path, value)| written(path, "equals", value)).collect();
        Filters::parse(Mode::parse(mode).unwrap(), &rules).unwrap().first_false(&Document::new(DATA))
    };
    let (yes, no) = (("status", "draft"), ("status", "released"));
    for (mode, rules, first) in [
        ("all", &[][..], None),
        ("any", &[], None),
        ("all", &[yes, yes], None),
        ("all", &[yes, no, no], Some(2)),
        ("any", &[no, yes], None),
        ("any", &[no, no], Some(1)),
    ] {
        assert_eq!(judged(mode, rules), first, "{mode} {rules:?}");
    }
    let many = vec![written("a", "exists", ""); 21];
    assert!(Filters::parse(Mode::All, &many).unwrap_err().contains("20 are the most"));
    assert!(Filters::parse(Mode::All, &many[..20]).is_ok());
    let second = Filters::parse(Mode::All, &[many[0].clone(), written("", "equals", "x")]).unwrap_err();
    assert!(second.starts_with("Filter 2: Enter the path"), "{second}");
}

#[test]
fn a_rule_that_is_false_says_what_it_found() {
    let document = Document::new(DATA);
    for (path, operator, value, words) in [
        ("status", "equals", "released", "status is draft, wanted released"),
        ("empty", "equals", "x", "empty is an empty text, wanted x"),
        ("status", "equals", "", "status is draft, wanted an empty text"),
        ("status", "not_equals", "draft", "status is draft, wanted anything else"),
        ("tags", "contains", "blue", r#"tags is the list ["red", 7, "42", [1]], wanted one that contains blue"#),
        ("missing", "exists", "", "missing is not there"),
        ("user", "greater", "5", "user is an object, wanted more than 5"),
        ("count", "less", "5", "count is 42, wanted less than 5"),
        ("due", "matches", "^2025", "due is 2026-11-24, wanted a match of ^2025"),
    ] {
        assert_eq!(rule(path, operator, value).miss(&document), words);
    }
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(1_000));
    let told = rule("text", "equals", "y").miss(&Document::new(&long));
    assert_eq!(told, format!("text is {}…, wanted y", "x".repeat(60)));
}

#[test]
fn what_is_no_json_holds_nothing_and_breaks_nothing() {
    for text in ["", "{", "[]", "7", "null", r#"{"a":"#] {
        let document = Document::new(text);
        assert!(!rule("a", "exists", "").holds(&document) && rule("a", "not_equals", "x").holds(&document), "{text}");
    }
}

#[test]
fn an_expression_looks_at_the_first_16_kib() {
    let near = format!(r#"{{"t":"{}needle"}}"#, "\u{e4}".repeat(1_000));
    let far = format!(r#"{{"t":"{}needle"}}"#, "\u{e4}".repeat(10_000));
    let needle = rule("t", "matches", "needle$");
    assert!(needle.holds(&Document::new(&near)) && !needle.holds(&Document::new(&far)));
}

#[test]
fn what_is_written_reads_back() {
    let rules = [written("a.b", "equals", "1"), written("/a", "exists", ""), written("c", "matches", r" ^\d+$ ")];
    let filters = Filters::parse(Mode::Any, &rules).unwrap();
    let again: Vec<Written> = filters.rules().iter().map(Rule::written).collect();
    assert_eq!(again, rules);
    assert!(Filters::parse(Mode::Any, &again).unwrap() == filters);
    assert!(Filters::parse(Mode::All, &again).unwrap() != filters);
}
