//! Where values come from: flags, variables, the file; the later one in this list gives way.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use config::{FileFormat, Source, Value, ValueKind};

use super::reference::{Row, reference};

const PREFIX: &str = "POSTRIDER_";
/// Beginnings of the names that the tests, the bench and `events send` use, and of those that an orchestrator sets for a
/// service that is called "postrider".
const NOT_OURS: [&str; 7] = ["API_KEY", "BIN", "TEST_", "BENCH_", "SERVICE_HOST", "SERVICE_PORT", "PORT"];
/// Settings whose values are never repeated.
const SECRET: [&str; 4] = ["master_keys", "admin_password", "database_url", "egress_proxy"];

/// The settings given as flags.
#[derive(Clone, Debug, Default)]
pub struct Flags(BTreeMap<&'static str, String>);

impl Flags {
    /// Flags by name, for commands with settings of their own and for tests; a name that is no setting is left out.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let known = |name: &str| reference().iter().find(|row| row.name == name).map(|row| row.name);
        Self(pairs.into_iter().filter_map(|(name, value)| Some((known(name)?, value))).collect())
    }

    /// True when no setting was given as a flag.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both, where `self` counts more.
    #[must_use]
    pub fn over(mut self, other: Self) -> Self {
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        command.args(reference().into_iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument(row: Row) -> Arg {
    let default = if row.default.is_empty() { String::new() } else { format!(" [default: {}]", row.default) };
    let argument = Arg::new(row.name)
        .long(row.name.replace('_', "-"))
        .value_name(row.shape)
        .help(format!("{}{default}", row.about().trim_end_matches('.')))
        .help_heading("Settings (each also as a variable POSTRIDER_… and in the file)");
    if row.shape == "true|false" {
        return argument.num_args(0..=1).require_equals(true).default_missing_value("true");
    }
    argument
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |row: Row| Some((row.name, matches.get_one::<String>(row.name)?.clone()));
        Ok(Self(reference().into_iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// All that is wrong with the settings.
#[derive(Debug)]
pub struct Problems(pub(super) Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "- {}.", problem.trim_end_matches('.'))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A setting cannot be read, and why stands among the problems.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted;

/// A setting as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name in the file.
    pub name: &'static str,
    /// Its value, or "set" for a secret; empty for none.
    pub value: String,
    /// Where it came from.
    pub origin: String,
}

/// A value as text, and where it stood.
struct Given {
    text: String,
    origin: String,
}

/// What was given, and what is wrong with it so far.
pub(super) struct Layers {
    given: BTreeMap<&'static str, Given>,
    asked: BTreeSet<&'static str>,
    pub(super) problems: Vec<String>,
}

impl Layers {
    pub(super) fn new(flags: &Flags, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut layers = Self { given: BTreeMap::new(), asked: BTreeSet::new(), problems: Vec::new() };
        let variables = layers.own_variables(variables);
        let file = flags.0.get("config").or_else(|| variables.get("config")).cloned();
        if let Some(path) = &file {
            layers.take_file(path);
        }
        for (name, text) in variables {
            let origin = format!("{PREFIX}{}", name.to_ascii_uppercase());
            match known(&name) {
                Some(row) => layers.put(row, text, origin),
                None => layers
                    .problems
                    .push(format!("{origin}: there is no such setting; postrider --help lists all of them")),
            }
        }
        for (name, text) in &flags.0 {
            if let Some(row) = known(name) {
                layers.put(row, text.clone(), row.flag());
            }
        }
        layers
    }

    fn put(&mut self, row: Row, text: String, origin: String) {
        self.given.insert(row.name, Given { text, origin });
    }

    /// The variables that are meant for us, by setting; an empty one counts as not given.
    fn own_variables(&mut self, all: impl IntoIterator<Item = (OsString, OsString)>) -> BTreeMap<String, String> {
        let mut own = BTreeMap::new();
        for (name, value) in all {
            let Some(name) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
            if NOT_OURS.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            match value.into_string() {
                Ok(value) if value.is_empty() => {}
                Ok(value) => {
                    own.insert(name.to_ascii_lowercase(), value);
                }
                Err(_) => self.problems.push(format!("{PREFIX}{name}: the value is not UTF-8")),
            }
        }
        own
    }

    fn take_file(&mut self, path: &str) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problems.push(format!("config: the file {path} cannot be read ({error})")),
        };
        let values = match config::File::from_str(&text, FileFormat::Toml).collect() {
            Ok(values) => values,
            Err(error) => return self.problems.push(format!("config: the file {path} is not TOML ({error})")),
        };
        let values: BTreeMap<String, Value> = values.into_iter().collect();
        for (name, value) in values {
            let origin = format!("{name} in {path}");
            match known(&name).filter(|row| row.name != "config") {
                None => self
                    .problems
                    .push(format!("{origin}: there is no such setting; postrider --help lists all of them")),
                Some(row) => match plain(value) {
                    Some(text) => self.put(row, text, origin),
                    None => self
                        .problems
                        .push(format!("{origin}: the value must be a text, a number, true, false or a list of texts")),
                },
            }
        }
    }

    /// The text of a setting, if it is given.
    pub(super) fn given(&mut self, key: &'static str) -> Option<String> {
        self.asked.insert(key);
        self.given.get(key).map(|given| given.text.clone())
    }

    /// The text of a setting or its default; empty for none.
    pub(super) fn text(&mut self, key: &'static str) -> String {
        self.given(key).unwrap_or_else(|| self.default(key))
    }

    fn default(&self, key: &'static str) -> String {
        let text =
            |key: &'static str| self.given.get(key).map_or_else(|| self.default(key), |given| given.text.clone());
        match key {
            "public_url" => format!("http://{}", text("listen")),
            "database_url" => {
                format!("sqlite:{}", Path::new(&text("data_dir")).join("postrider.db").display())
            }
            _ => known(key).map(|row| row.default.to_owned()).unwrap_or_default(),
        }
    }

    /// Reads a setting.
    pub(super) fn get<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Noted> {
        let text = self.text(key);
        match read(&text) {
            Ok(value) => Ok(value),
            Err(sentence) => Err(self.problem(key, &sentence)),
        }
    }

    /// Notes a problem, with the place where the value stands.
    pub(super) fn problem(&mut self, key: &'static str, sentence: &str) -> Noted {
        let place = self.given.get(key).map_or(key, |given| given.origin.as_str());
        self.problems.push(format!("{place}: {sentence}"));
        Noted
    }

    /// Every setting as it may be shown.
    pub(super) fn shown(&self) -> Vec<Shown> {
        debug_assert!(
            reference().iter().all(|row| row.name == "config" || self.asked.contains(row.name)),
            "a setting that nobody reads would be a lie"
        );
        reference().into_iter().map(|row| self.show(row)).collect()
    }

    fn show(&self, row: Row) -> Shown {
        let (value, origin) = match self.given.get(row.name) {
            Some(given) => (given.text.clone(), given.origin.clone()),
            None => (self.default(row.name), "default".to_owned()),
        };
        let value = match row.name {
            "database_url" => crate::db::DatabaseUrl::parse(&value).map(|url| url.describe()).unwrap_or_default(),
            name if SECRET.contains(&name) && !value.is_empty() => "set".to_owned(),
            _ => value,
        };
        Shown { name: row.name, value, origin }
    }
}

fn known(name: &str) -> Option<Row> {
    reference().into_iter().find(|row| row.name == name)
}

/// A plain value as the text that a flag would have; a list becomes comma separated.
fn plain(value: Value) -> Option<String> {
    match value.kind {
        ValueKind::Array(items) => {
            items.into_iter().map(plain).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        ValueKind::Nil | ValueKind::Table(_) => None,
        ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_)
        | ValueKind::String(_) => value.into_string().ok(),
    }
}
