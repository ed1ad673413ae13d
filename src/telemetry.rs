//! The log: one line for each event, for people or for programs, never with what a payload holds.

use std::panic;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogLevel, Logging};

/// Starts the log and tells panics through it. Once, at start.
///
/// # Errors
/// When a log was started before.
pub fn start(logging: &Logging) -> anyhow::Result<()> {
    let log = tracing_subscriber::fmt().with_env_filter(filter(logging.level)).with_writer(std::io::stderr);
    let started = match logging.format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))?;
    tell_panics();
    Ok(())
}

/// Our own crate at the level asked for, all others at `info` at most: their traces hold headers and addresses.
fn filter(level: LogLevel) -> EnvFilter {
    let others = match level {
        LogLevel::Error => LogLevel::Error,
        LogLevel::Warn => LogLevel::Warn,
        LogLevel::Info | LogLevel::Debug | LogLevel::Trace => LogLevel::Info,
    };
    // actix tells at `info` how many threads it starts; the start line says what matters.
    let actix = others.min(LogLevel::Warn);
    EnvFilter::new(format!("{others},actix_server={actix},postrider={level}"))
}

/// A panic's message may quote the data that caused it: the place is logged, the message is not.
fn tell_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!(place, thread, "a part of Postrider panicked");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_is_for_our_own_crate_alone() {
        assert_eq!(filter(LogLevel::Trace).to_string(), "actix_server=warn,postrider=trace,info");
        assert_eq!(filter(LogLevel::Error).to_string(), "actix_server=error,postrider=error,error");
    }
}
