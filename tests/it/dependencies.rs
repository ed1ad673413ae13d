//! What comes in from others: licences, bans, sources, and one version of what is critical; offline, from the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;
use toml::Table;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// A fault in one of these must be mended in one place.
const CRITICAL: &str =
    "actix-web argon2 aws-lc-rs aws-lc-sys chacha20poly1305 diesel hyper reqwest ring rustls rustls-webpki subtle url";

#[test]
fn every_licence_is_on_the_list() {
    let rules = read("deny.toml");
    let allowed: BTreeSet<&str> = words(&rules["licenses"]["allow"]).collect();
    let mut faults = Vec::new();
    for package in metadata()["packages"].as_array().expect("packages") {
        let licence = package["license"].as_str().unwrap_or("(none)");
        if !Expression::of(licence).met_by(&allowed) {
            faults.push(format!("{} {}: {licence}", package["name"], package["version"]));
        }
    }
    assert!(faults.is_empty(), "against the licences of deny.toml:\n{}", faults.join("\n"));
}

#[test]
fn every_package_is_locked_and_comes_from_the_registry() {
    let own = ["postrider", "postrider-e2e"];
    for package in locked() {
        if own.contains(&package.name.as_str()) {
            assert_eq!(package.source, None, "{} is of this workspace", package.name);
        } else {
            assert_eq!(package.source.as_deref(), Some(REGISTRY), "{}", package.name);
            assert!(package.checksum, "{} has no checksum", package.name);
        }
    }
}

#[test]
fn no_banned_package_is_there() {
    let rules = read("deny.toml");
    let bans = rules["bans"]["deny"].as_array().expect("a list");
    assert!(bans.len() >= 5, "the bans are read");
    let packages = locked();
    let mut faults = Vec::new();
    for ban in bans {
        let (name, version) = named(ban["crate"].as_str().expect("a name"));
        let wrappers: Vec<&str> = ban.get("wrappers").into_iter().flat_map(words).collect();
        for found in packages.iter().filter(|package| package.name == name && is_of(&package.version, version)) {
            let users = packages.iter().filter(|user| user.needs.iter().any(|need| need.name_is(found)));
            let strangers: Vec<&str> =
                users.map(|user| user.name.as_str()).filter(|user| !wrappers.contains(user)).collect();
            if wrappers.is_empty() || !strangers.is_empty() {
                faults.push(format!(
                    "{name} {}, used by {strangers:?}: {}",
                    found.version,
                    ban["reason"].as_str().unwrap_or_default()
                ));
            }
        }
    }
    assert!(faults.is_empty(), "banned by deny.toml:\n{}", faults.join("\n"));
}

#[test]
fn what_is_critical_is_there_once() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in locked() {
        versions.entry(package.name).or_default().push(package.version);
    }
    for name in CRITICAL.split_whitespace() {
        let found = versions.get(name).unwrap_or_else(|| panic!("{name} is no longer used: take it off the list"));
        assert_eq!(found.len(), 1, "{name} is there in several versions: {found:?}");
    }
}

#[test]
fn a_licence_expression_is_read_as_it_is_meant() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    let met = |text| Expression::of(text).met_by(&allowed);
    for text in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "MIT / GPL-3.0", "MIT AND ISC", "(GPL-3.0 OR MIT) AND ISC"] {
        assert!(met(text), "{text}");
    }
    assert!(met("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
    // AND binds closer than OR.
    assert!(met("MIT OR GPL-3.0 AND GPL-2.0"));
    for text in ["", "(none)", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "MIT WITH LLVM-exception", "(MIT", "MIT ISC"]
    {
        assert!(!met(text), "{text}");
    }
}

/// An SPDX expression, read from left to right.
struct Expression<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Expression<'a> {
    fn of(text: &'a str) -> Self {
        let mut tokens = Vec::new();
        for word in text.split_inclusive(['(', ')', '/', ' ']) {
            let sign = word.len() - usize::from(word.ends_with(['(', ')', '/', ' ']));
            tokens.extend([&word[..sign], &word[sign..]].into_iter().filter(|token| !token.trim().is_empty()));
        }
        Self { tokens, at: 0 }
    }

    fn met_by(mut self, allowed: &BTreeSet<&str>) -> bool {
        let met = self.any(allowed);
        met && self.at == self.tokens.len()
    }

    fn take(&mut self, tokens: &[&str]) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| tokens.contains(token));
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, allowed: &BTreeSet<&str>) -> bool {
        let mut met = self.all(allowed);
        while self.take(&["OR", "/"]) {
            met |= self.all(allowed);
        }
        met
    }

    fn all(&mut self, allowed: &BTreeSet<&str>) -> bool {
        let mut met = self.one(allowed);
        while self.take(&["AND"]) {
            met &= self.one(allowed);
        }
        met
    }

    fn one(&mut self, allowed: &BTreeSet<&str>) -> bool {
        if self.take(&["("]) {
            let met = self.any(allowed);
            return self.take(&[")"]) && met;
        }
        let mut licence = self.tokens.get(self.at).copied().unwrap_or_default().to_owned();
        self.at += 1;
        if self.take(&["WITH"]) {
            licence = format!("{licence} WITH {}", self.tokens.get(self.at).copied().unwrap_or_default());
            self.at += 1;
        }
        allowed.contains(licence.as_str())
    }
}

/// A package of the lock: all platforms and all features.
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: bool,
    needs: Vec<Need>,
}

/// `name`, or `name version` where there are several.
struct Need(String);

impl Need {
    fn name_is(&self, package: &Locked) -> bool {
        let mut words = self.0.split(' ');
        words.next() == Some(&package.name) && words.next().is_none_or(|version| version == package.version)
    }
}

fn locked() -> Vec<Locked> {
    let lock = read("Cargo.lock");
    let text =
        |package: &toml::Value, field: &str| package.get(field).and_then(|value| value.as_str()).map(str::to_owned);
    let packages = lock["package"].as_array().expect("packages").iter();
    let read = |package: &toml::Value| Locked {
        name: text(package, "name").expect("a name"),
        version: text(package, "version").expect("a version"),
        source: text(package, "source"),
        checksum: package.get("checksum").is_some(),
        needs: package.get("dependencies").into_iter().flat_map(words).map(|need| Need(need.to_owned())).collect(),
    };
    packages.map(read).collect()
}

/// What cargo knows of the packages for this platform, without the network.
fn metadata() -> Value {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let arguments = ["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", &platform];
    let ran = Command::new(env!("CARGO")).args(arguments).current_dir(ROOT).output().expect("cargo runs");
    assert!(ran.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

fn read(name: &str) -> Table {
    let text = fs::read_to_string(format!("{ROOT}/{name}")).expect("the file is there");
    text.parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn words(list: &toml::Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(|word| word.as_str())
}

/// `reqwest@0.12` is every 0.12 of it.
fn named(text: &str) -> (&str, Option<&str>) {
    text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)))
}

fn is_of(version: &str, wanted: Option<&str>) -> bool {
    wanted
        .is_none_or(|wanted| version.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}
