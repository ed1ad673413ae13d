//! The command line: what can be asked for, what is printed, and how the process ends.

mod admin;
mod api_key;
mod check;
mod events;
mod healthcheck;
mod listen;

use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::api_keys::{Environment, Scope};
use crate::audit::{ChainFault, verify};
use crate::clock::Clock;
use crate::config::{self, Flags, Loaded, Settings};
use crate::db::{self, Db};
use crate::ids::Ids;

/// The webhook desk: events come in, webhooks go out, every attempt is on record.
#[derive(Parser)]
#[command(name = "postrider", version, disable_help_subcommand = true, after_help = EXITS)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

const EXITS: &str = "Ends with 0 when all is done, 1 when something failed, 2 when it was asked for in a wrong way.";

#[derive(Subcommand)]
enum Command {
    /// Serve the portal and deliver; what happens without a command
    Serve(Flags),
    /// Serve a portal with sample content and a receiver, to try things out
    Demo(Demo),
    /// Bring the database's schema up to date
    Migrate(Flags),
    /// People who may sign in
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Keys of programs
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Ask the portal at LISTEN whether it works
    Healthcheck(Flags),
    /// Events, as other programs post them
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Receive webhooks and print them: for those who write a receiver
    Listen(listen::Listen),
    /// List every address of the portal and who may use it
    Routes,
    /// Print the description of the API
    #[command(name = "openapi")]
    OpenApi,
    /// The settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The audit trail
    #[command(subcommand)]
    Audit(AuditCommand),
}

/// Where the demo is; it reads no other settings.
#[derive(Args)]
pub(crate) struct Demo {
    /// A folder to keep; without it the demo begins anew each time
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where the portal listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where the receiver listens
    #[arg(long, alias = "receiver", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8081")]
    pub(crate) receiver_listen: SocketAddr,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Make an administrator; without --password-stdin a password is made and printed
    Create(AdminCreate),
}

#[derive(Args)]
struct AdminCreate {
    /// The address to sign in with
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// The name shown in the portal; the address unless given
    #[arg(long)]
    name: Option<String>,
    /// Read the password from the standard input, up to its first line end
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum ApiKeyCommand {
    /// Make a key and print it, once
    Create(ApiKeyCreate),
}

#[derive(Args)]
struct ApiKeyCreate {
    /// What the key is for
    #[arg(long)]
    name: String,
    /// What the key may do; may be given several times
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', default_value = "events:write", value_parser = scope)]
    scope: Vec<Scope>,
    /// The world of the key's events: production or test
    #[arg(long, value_name = "WORLD", default_value = "production", value_parser = environment)]
    environment: Environment,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Read the settings as serve would, list them, and tell everything that is wrong
    Check(Flags),
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Prove that no row of the audit trail was changed or taken away
    Verify(Flags),
}

fn scope(word: &str) -> Result<Scope, String> {
    let all = || Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    Scope::parse(word).ok_or_else(|| format!("a scope is one of {}", all()))
}

fn environment(word: &str) -> Result<Environment, String> {
    Environment::parse(word).ok_or_else(|| "the world is production or test".to_owned())
}

/// Why a command did not do its work.
enum Failure {
    /// It was asked for in a wrong way.
    Usage(String),
    /// It could not be done.
    Fault(anyhow::Error),
}

fn usage(text: impl Display) -> Failure {
    Failure::Usage(format!("postrider: {text}"))
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// Does what the command line asks for.
pub fn run() -> ExitCode {
    // What is written may hold secrets: files are for this user alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            error.print().ok();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match follow(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(text)) => {
            tell(text.trim_end());
            ExitCode::from(2)
        }
        Err(Failure::Fault(error)) => {
            tell(format!("postrider: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn follow(Cli { command, flags: before }: Cli) -> Result<(), Failure> {
    match command {
        None => serve(&before),
        Some(Command::Serve(flags)) => serve(&flags.over(before)),
        Some(Command::Migrate(flags)) => migrate(&flags.over(before)),
        Some(Command::Admin(AdminCommand::Create(asked))) => admin::create(asked, before),
        Some(Command::ApiKey(ApiKeyCommand::Create(asked))) => api_key::create(asked, before),
        Some(Command::Healthcheck(flags)) => healthcheck::run(&load(&flags.over(before))?.settings),
        Some(Command::Config(ConfigCommand::Check(flags))) => check::run(&flags.over(before)),
        Some(Command::Audit(AuditCommand::Verify(flags))) => verify_audit(&flags.over(before)),
        Some(Command::Demo(_) | Command::Events(_) | Command::Listen(_) | Command::Routes | Command::OpenApi)
            if !before.is_empty() =>
        {
            Err(usage("this command reads no settings; its own options stand after its name"))
        }
        Some(Command::Demo(demo)) => Ok(crate::demo::run(&demo)?),
        Some(Command::Events(events::EventsCommand::Send(asked))) => events::send(&asked),
        Some(Command::Listen(asked)) => listen::run(&asked),
        Some(Command::Routes) => {
            routes();
            Ok(())
        }
        Some(Command::OpenApi) => {
            say(crate::openapi::text()?);
            Ok(())
        }
    }
}

fn serve(flags: &Flags) -> Result<(), Failure> {
    let settings = load(flags)?.settings;
    Ok(crate::serve::run(settings)?)
}

fn migrate(flags: &Flags) -> Result<(), Failure> {
    let settings = load(flags)?.settings;
    let applied = db::migrate(&settings.database_url)?;
    for name in &applied {
        say(format!("applied {name}"));
    }
    say(match applied.len() {
        0 => "The schema was up to date already.",
        _ => "The schema is up to date.",
    });
    Ok(())
}

fn verify_audit(flags: &Flags) -> Result<(), Failure> {
    let db = open(&load(flags)?.settings)?;
    let fault = match db.read_now(verify)? {
        Ok(rows) => {
            say(format!("The audit trail is whole: {rows} {}.", if rows == 1 { "row" } else { "rows" }));
            return Ok(());
        }
        Err(ChainFault::Changed(row)) => format!("row {row} is not what was written"),
        Err(ChainFault::Missing(row)) => format!("a row before row {row} is gone"),
        Err(ChainFault::CutOff) => "the last rows are gone".to_owned(),
    };
    Err(Failure::Fault(anyhow::anyhow!("the audit trail is not whole: {fault}")))
}

fn load(flags: &Flags) -> Result<Loaded, Failure> {
    config::load(flags)
        .map_err(|problems| Failure::Usage(format!("postrider: the settings cannot be used:\n{problems}")))
}

/// The database for a short command; another process may be serving it.
fn open(settings: &Settings) -> anyhow::Result<Db> {
    db::migrate(&settings.database_url)?;
    Db::open_beside(&settings.database_url, Clock::system(), Ids::random())
}

/// Prints what was asked for.
pub(crate) fn say(text: impl Display) {
    // Whoever reads may have gone, as `head` does; that is no reason to fail.
    writeln!(std::io::stdout(), "{text}").ok();
}

/// Prints what is told beside.
pub(crate) fn tell(text: impl Display) {
    writeln!(std::io::stderr(), "{text}").ok();
}

fn routes() {
    let mut routes = crate::app::routes();
    routes.sort_by(|one, other| one.path.cmp(other.path).then(one.method.as_str().cmp(other.method.as_str())));
    for route in routes {
        say(format!("{:<5} {:<50} {}", route.method.as_str(), route.path, route.access));
    }
}
