//! The settings: which source wins, what is refused, that all of it is told at once, and that the README lists them.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;

use postrider::config::{Flags, Loaded, LogLevel, Settings, load_from, markdown, reference};
use postrider::secret::Sealer;
use secrecy::ExposeSecret;

use crate::support::process::Scratch;

fn flags(pairs: &[(&'static str, &str)]) -> Flags {
    Flags::from_pairs(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())))
}

fn load(given: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Result<Loaded, String> {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    load_from(&flags(given), variables).map_err(|problems| problems.to_string())
}

fn settings(given: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Settings {
    load(given, variables).map_or_else(|problems| panic!("{problems}"), |loaded| loaded.settings)
}

/// What is wrong, where something must be.
fn problems(given: &[(&'static str, &str)], variables: &[(&str, &str)]) -> String {
    load(given, variables).err().expect("these settings are refused")
}

#[test]
fn the_defaults_are_those_of_the_reference() {
    let settings = settings(&[], &[]);
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.public_url, "http://127.0.0.1:8080");
    assert_eq!(settings.database_url.describe(), "sqlite:./data/postrider.db");
    assert_eq!(settings.log.level, LogLevel::Info);
    assert!(settings.master_keys.is_none() && settings.egress.allow.is_empty() && !settings.allow_insecure_http);
}

#[test]
fn a_flag_wins_over_a_variable_and_that_over_the_file() {
    let folder = Scratch::new("config");
    let file = folder.path().join("postrider.toml");
    std::fs::write(&file, "log = \"debug\"\nlisten = \"127.0.0.1:1000\"\ndata_dir = \"/from/file\"\n").unwrap();
    let path = file.to_str().unwrap();
    let variables =
        [("POSTRIDER_CONFIG", path), ("POSTRIDER_LISTEN", "127.0.0.1:2000"), ("POSTRIDER_DATA_DIR", "/from/variable")];
    let settings = settings(&[("data_dir", "/from/flag")], &variables);
    assert_eq!(settings.log.level, LogLevel::Debug);
    assert_eq!(settings.listen.port(), 2000);
    assert_eq!(settings.data_dir.to_str(), Some("/from/flag"));
    assert_eq!(settings.public_url, "http://127.0.0.1:2000");
    assert_eq!(settings.database_url.describe(), "sqlite:/from/flag/postrider.db");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let folder = Scratch::new("config");
    let file = folder.path().join("postrider.toml");
    std::fs::write(&file, "lissten = \"x\"\nlog_format = \"xml\"\n[egress]\nallow = \"x\"\n").unwrap();
    let told = problems(
        &[("config", file.to_str().unwrap()), ("listen", "nowhere")],
        &[
            ("POSTRIDER_LOG", "loud"),
            ("POSTRIDER_SMTP_URL", "smtp://mail"),
            ("POSTRIDER_EGRESS_DENY_PORTS", "25,0"),
            ("POSTRIDER_TRUSTED_PROXIES", "10.0.0.0/33"),
            ("POSTRIDER_ALLOW_INSECURE_HTTP", "yes"),
            ("POSTRIDER_DATABASE_URL", "mysql://root:hunter2hunter2@db/x"),
            ("POSTRIDER_ADMIN_EMAIL", "nobody"),
            ("POSTRIDER_ADMIN_PASSWORD", "hunter2"),
            ("POSTRIDER_MASTER_KEYS", "k1:c2hvcnQ="),
        ],
    );
    for place in [
        "- lissten in ",
        "- egress in ",
        "- log_format in ",
        "- --listen: ",
        "- POSTRIDER_LOG: ",
        "- POSTRIDER_SMTP_URL: there is no such setting",
        "- POSTRIDER_EGRESS_DENY_PORTS: \"0\"",
        "- POSTRIDER_TRUSTED_PROXIES: ",
        "- POSTRIDER_ALLOW_INSECURE_HTTP: ",
        "- POSTRIDER_DATABASE_URL: ",
        "- POSTRIDER_ADMIN_EMAIL: ",
        "- POSTRIDER_ADMIN_PASSWORD: ",
        "- POSTRIDER_MASTER_KEYS: the master key k1 ",
    ] {
        assert!(told.contains(place), "{place} is missing in\n{told}");
    }
    for secret in ["hunter2", "c2hvcnQ"] {
        assert!(!told.contains(secret), "a secret is told:\n{told}");
    }
}

#[test]
fn rules_over_several_settings_are_told_too() {
    let told = problems(
        &[],
        &[
            ("POSTRIDER_PUBLIC_URL", "http://portal.example.com"),
            ("POSTRIDER_ADMIN_EMAIL", "admin@example.com"),
            ("POSTRIDER_EGRESS_ALLOW", "10.0.0.0/8,300.0.0.1"),
            ("POSTRIDER_EGRESS_DENY", "everything"),
        ],
    );
    for part in
        ["POSTRIDER_PUBLIC_URL: plain HTTP", "ADMIN_EMAIL and ADMIN_PASSWORD", "\"300.0.0.1\"", "\"everything\""]
    {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
}

#[test]
fn plain_http_is_for_loopback_unless_it_is_allowed() {
    for address in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "https://portal.example.com"]
    {
        assert_eq!(settings(&[("public_url", address)], &[]).public_url, address);
    }
    for address in ["http://portal.example.com", "http://192.168.1.7:8080", "http://localhost.example.com"] {
        assert!(load(&[("public_url", address)], &[]).is_err(), "{address}");
        assert!(load(&[("public_url", address), ("allow_insecure_http", "true")], &[]).is_ok(), "{address}");
    }
    let told = problems(&[("listen", "0.0.0.0:8080")], &[]);
    assert!(told.contains("public_url"), "{told}");
}

#[test]
fn the_public_address_is_a_scheme_a_host_and_a_port() {
    assert_eq!(
        settings(&[("public_url", "https://Portal.example.com:443/")], &[]).public_url,
        "https://portal.example.com"
    );
    for address in [
        "portal.example.com",
        "ftp://portal.example.com",
        "https://u:p@portal.example.com",
        "https://a.example/x",
        "https://a.example/?x",
        "",
    ] {
        let told = load(&[("public_url", address)], &[]).err();
        assert!(told.is_some(), "{address}");
    }
}

#[test]
fn an_empty_variable_is_none_and_foreign_ones_are_left_alone() {
    let variables = [
        ("POSTRIDER_LISTEN", ""),
        ("POSTRIDER_PORT", "tcp://10.0.0.1:80"),
        ("POSTRIDER_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("POSTRIDER_SERVICE_HOST", "10.0.0.1"),
        ("PATH", "/bin"),
    ];
    assert_eq!(settings(&[], &variables).listen.port(), 8080);
}

#[test]
fn a_value_that_is_not_utf_8_is_a_problem_and_no_panic() {
    let variable = (OsString::from("POSTRIDER_LOG"), OsString::from_vec(vec![0xff]));
    let told = load_from(&Flags::default(), [variable]).err().unwrap().to_string();
    assert!(told.contains("POSTRIDER_LOG: the value is not UTF-8"), "{told}");
}

#[test]
fn a_list_is_comma_separated_or_a_list_of_the_file() {
    let folder = Scratch::new("config");
    let file = folder.path().join("postrider.toml");
    std::fs::write(&file, "egress_allow = [\"10.0.0.0/8\", \"hooks.internal:8080\"]\nallow_insecure_http = true\n")
        .unwrap();
    let read = settings(&[("config", file.to_str().unwrap())], &[("POSTRIDER_EGRESS_DENY_PORTS", "25, 465,")]);
    assert_eq!(read.egress.allow, ["10.0.0.0/8", "hooks.internal:8080"]);
    assert_eq!(read.egress.deny_ports, [25, 465]);
    assert!(read.allow_insecure_http);
}

#[test]
fn a_secret_may_be_in_a_file_but_not_in_two_places() {
    let folder = Scratch::new("config");
    let file = folder.path().join("password");
    std::fs::write(&file, " a long pass phrase \r\n").unwrap();
    let path = file.to_str().unwrap();
    let named = [("POSTRIDER_ADMIN_EMAIL", "a@example.com"), ("POSTRIDER_ADMIN_PASSWORD_FILE", path)];
    let read = settings(&[], &named);
    assert_eq!(read.first_admin.given().unwrap().1.expose_secret(), " a long pass phrase ");
    let told = problems(&[("admin_password", "another pass phrase")], &named);
    assert!(told.contains("ADMIN_PASSWORD is given as well"), "{told}");
}

#[test]
fn a_file_of_master_keys_that_others_can_read_is_refused() {
    let folder = Scratch::new("config");
    let file = folder.path().join("keys");
    std::fs::write(&file, Sealer::generate().expose_secret()).unwrap();
    let given = [("master_keys_file", file.to_str().unwrap())];
    for (mode, passes) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(load(&given, &[]).is_ok(), passes, "{mode:o}");
    }
}

#[test]
fn secrets_are_shown_only_as_set() {
    let loaded = load(
        &[("admin_password", "a long pass phrase"), ("admin_email", "a@example.com")],
        &[
            ("POSTRIDER_DATABASE_URL", "postgres://u:hunter2@db/p"),
            ("POSTRIDER_EGRESS_PROXY", "http://u:hunter2@proxy:1"),
        ],
    );
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    let shown = format!("{:?} {:?}", loaded.shown, loaded.settings);
    assert!(!shown.contains("hunter2") && !shown.contains("a long pass phrase"), "{shown}");
    let password = loaded.shown.iter().find(|setting| setting.name == "admin_password").unwrap();
    assert_eq!((password.value.as_str(), password.origin.as_str()), ("set", "--admin-password"));
}

#[test]
fn the_readme_lists_every_setting() {
    let readme = include_str!("../../README.md");
    let listed =
        readme.split("<!-- settings: begin -->").nth(1).and_then(|rest| rest.split("<!-- settings: end -->").next());
    let expected = markdown();
    assert!(
        listed.map(str::trim) == Some(expected.trim()),
        "put this table between the marks of the README:\n{expected}"
    );
    assert!(reference().iter().all(|row| !row.about().is_empty()));
}
