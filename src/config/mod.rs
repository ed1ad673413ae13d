//! The settings: flag over variable over file over default, all problems told at once.

mod layers;
mod read;
mod reference;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

pub use layers::{Flags, Problems, Shown};
pub(crate) use read::read_key_file;
pub use reference::{Row, manual, markdown, reference};

use crate::db::DatabaseUrl;
use crate::outbound::{ClientOptions, Policy};
use layers::Layers;
use reference::concern;

concern! {
    /// The settings that a running process follows.
    pub struct Settings {
        /// The address and port on which the portal listens.
        listen: SocketAddr = "listen", "ADDRESS:PORT", "127.0.0.1:8080", read::address;
        /// The address of the portal as browsers see it, without a path. Links are built from it, and other host names
        /// are refused. `http://` is taken for loopback addresses only, unless `ALLOW_INSECURE_HTTP` is on.
        public_url: String = "public_url", "URL", "http:// and LISTEN", read::public_url;
        /// The folder of the embedded database and of the master key's file.
        data_dir: PathBuf = "data_dir", "FOLDER", "./data", read::folder;
        /// The database: `sqlite:FILE`, or `postgres://USER:PASSWORD@HOST/DATABASE` for several nodes.
        database_url: DatabaseUrl = "database_url", "URL", "sqlite:DATA_DIR/postrider.db", read::database;
        /// The keys that seal stored secrets, as `id:base64 of 32 bytes`, comma separated: the first seals, all open.
        /// Without it the key is in `DATA_DIR/master.keys`, made at the first start.
        master_keys: Option<SecretString> = "master_keys", "KEYS", "", read::master_keys;
        /// Whether the portal may be served over plain HTTP on an address that is not loopback. Whoever is on the way
        /// can then read passwords and sessions.
        allow_insecure_http: bool = "allow_insecure_http", "true|false", "false", read::switch;
        /// The proxies in front of the portal, as addresses or networks, comma separated: only from them a forwarded
        /// client address is believed.
        trusted_proxies: Vec<IpNet> = "trusted_proxies", "LIST", "", read::networks;
        with {
            /// What is logged, and how.
            log: Logging,
            /// Which addresses may be called.
            egress: Egress,
            /// The administrator that the first start makes.
            first_admin: FirstAdmin,
        }
    }
}

concern! {
    /// What is logged, and how; to the standard error output, one event a line, times in UTC.
    pub struct Logging {
        /// How much is logged of Postrider itself; libraries stay at `info` or below.
        level: LogLevel = "log", "error|warn|info|debug|trace", "info", read::log_level;
        /// Lines for people, or one JSON object a line.
        format: LogFormat = "log_format", "text|json", "text", read::log_format;
    }
}

concern! {
    /// Which addresses may be called. The public internet is open, everything inside is closed.
    pub struct Egress {
        /// What is opened beside the public internet: networks (`10.1.0.0/16`), networks with a port
        /// (`127.0.0.1/32:8081`) and host names, comma separated.
        allow: Vec<String> = "egress_allow", "LIST", "", read::allowed;
        /// What is closed beside the inside: networks and addresses, comma separated.
        deny: Vec<String> = "egress_deny", "LIST", "", read::denied;
        /// Ports that are never called, comma separated.
        deny_ports: Vec<u16> = "egress_deny_ports", "LIST", "", read::ports;
        /// Whether only `https://` may be called.
        https_only: bool = "egress_https_only", "true|false", "false", read::switch;
        /// The forward proxy through which every call goes; it must then judge the names itself.
        proxy: Option<SecretString> = "egress_proxy", "URL", "", read::proxy;
        /// A PEM file with certificate authorities that are trusted beside the system's.
        ca_file: Option<PathBuf> = "egress_ca_file", "FILE", "", read::file;
    }
}

concern! {
    /// The administrator that a start makes where there is none yet; both or neither.
    pub struct FirstAdmin {
        /// The first administrator's e-mail address.
        email: Option<String> = "admin_email", "ADDRESS", "", read::email;
        /// The first administrator's password, 12 characters to 1,024 bytes.
        password: Option<SecretString> = "admin_password", "PASSWORD", "", read::password;
    }
}

crate::word_enum! {
    /// How much is logged.
    LogLevel {
        /// Faults of ours.
        Error = "error",
        /// What somebody should look at.
        Warn = "warn",
        /// What happens.
        Info = "info",
        /// Each request and delivery.
        Debug = "debug",
        /// Each step.
        Trace = "trace",
    }
}

crate::word_enum! {
    /// How a line of the log is written.
    LogFormat {
        /// For people.
        Text = "text",
        /// For programs.
        Json = "json",
    }
}

/// Settings that hold together, and where each value came from.
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Every setting as it may be shown: secrets only as "set".
    pub shown: Vec<Shown>,
}

/// Reads the flags, this process's environment and the file.
///
/// # Errors
/// Everything that is wrong with them, at once.
pub fn load(flags: &Flags) -> Result<Loaded, Problems> {
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the environment")]
    load_from(flags, std::env::vars_os())
}

/// The API key in the variable `POSTRIDER_API_KEY`: of a program that calls a portal, so no setting of one.
pub fn api_key() -> Option<SecretString> {
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the environment")]
    std::env::var("POSTRIDER_API_KEY").ok().filter(|key| !key.is_empty()).map(SecretString::from)
}

/// Reads the flags, the given variables and the file.
///
/// # Errors
/// Everything that is wrong with them, at once.
pub fn load_from(flags: &Flags, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Loaded, Problems> {
    let mut layers = Layers::new(flags, variables);
    let settings = Settings::read(&mut layers);
    let shown = layers.shown();
    match settings {
        Ok(settings) if layers.problems.is_empty() => Ok(Loaded { settings, shown }),
        _ => Err(Problems(layers.problems)),
    }
}

impl Settings {
    /// The defaults with another data folder: for the demo and for tests.
    ///
    /// # Errors
    /// Never with the defaults as they are.
    pub fn with_data_dir(data_dir: &std::path::Path) -> Result<Self, Problems> {
        let flags = Flags::from_pairs([("data_dir", data_dir.to_string_lossy().into_owned())]);
        load_from(&flags, []).map(|loaded| loaded.settings)
    }

    /// The defaults, for tests.
    ///
    /// # Panics
    /// Never with the defaults as they are.
    #[expect(clippy::expect_used, reason = "the defaults hold together")]
    pub fn for_tests() -> Self {
        load_from(&Flags::default(), []).expect("the defaults hold together").settings
    }
}

impl Egress {
    /// The rules for outgoing requests.
    ///
    /// # Errors
    /// One sentence for each entry that cannot be read.
    pub fn policy(&self) -> Result<Policy, Vec<String>> {
        Policy::new(&self.allow, &self.deny, &self.deny_ports, self.https_only)
    }

    /// How the client for outgoing requests is set up besides its rules.
    pub fn client_options(&self) -> ClientOptions {
        let proxy = self.proxy.as_ref().map(|proxy| proxy.expose_secret().to_owned());
        ClientOptions { proxy, ca_file: self.ca_file.clone(), ..ClientOptions::default() }
    }
}

impl FirstAdmin {
    /// The address and the password, where both are given.
    pub fn given(&self) -> Option<(&str, &SecretString)> {
        self.email.as_deref().zip(self.password.as_ref())
    }
}
