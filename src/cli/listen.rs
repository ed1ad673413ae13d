//! `listen`: a receiver for those who write one; verifies and prints each request that comes.

use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use icu_properties::CodePointSetData;
use icu_properties::props::BidiControl;
use serde_json::json;

use super::events::read;
use super::{Failure, say, tell, usage};
use crate::receiver::{self, Listener, Received, Signature};
use crate::web::code::bits;
use crate::web::exchange::{size, text, visible};
use crate::webhooks::sign::SigningKey;

/// A body is printed up to this many bytes.
const SHOWN: usize = 64 * 1024;
/// The most bytes of a file with secrets.
const LARGEST_SECRETS: u64 = 16 * 1024;

/// Where it listens, and how it answers.
#[derive(Args)]
pub(super) struct Listen {
    /// Where it listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8082")]
    listen: SocketAddr,
    /// The webhook's signing secret, beginning with whsec_; may be given several times
    #[arg(long)]
    secret: Vec<String>,
    /// A file with signing secrets, one on each line, which no list of processes shows
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// What it answers; the path /status/503 is answered with 503 all the same
    #[arg(long, value_name = "CODE", default_value = "200")]
    status: u16,
    /// Print each request as one line of JSON, with its headers
    #[arg(long)]
    json: bool,
}

pub(super) fn run(asked: &Listen) -> Result<(), Failure> {
    let known = secrets(asked)?;
    let usual = receiver::status(asked.status).ok_or_else(|| usage("--status: give a code from 200 to 599"))?;
    let listener = TcpListener::bind(asked.listen)
        .with_context(|| format!("cannot listen on {}; choose another with --listen", asked.listen))?;
    let (address, count, as_json) = (listener.local_addr()?, known.len(), asked.json);
    let told = Arc::new(move |request: &Received| {
        let verdict = verdict(&request.signature, count);
        say(if as_json { line(request, &verdict) } else { block(request, &verdict) });
    });
    tell(format!(
        "Listening on http://{address}/, {}. Ctrl+C ends it.",
        match count {
            0 => "without a secret to verify with".to_owned(),
            1 => "verifying with 1 secret".to_owned(),
            count => format!("verifying with {count} secrets"),
        }
    ));
    Ok(receiver::listen(listener, Listener { known, usual, told })?)
}

/// The secrets in the order they were given, each with what it is called where there are several.
fn secrets(asked: &Listen) -> Result<Vec<(String, SigningKey)>, Failure> {
    let file = asked.secret_file.as_deref().map(|file| read(file, LARGEST_SECRETS)).transpose()?.unwrap_or_default();
    let lines = file.lines().map(str::trim).filter(|line| !line.is_empty());
    let given: Vec<&str> = asked.secret.iter().map(String::as_str).chain(lines).collect();
    if given.is_empty() && asked.secret_file.is_some() {
        return Err(usage("--secret-file: there is no secret in it"));
    }
    let count = given.len();
    let named = |(number, secret): (usize, &str)| {
        let name = if count == 1 { String::new() } else { format!("secret {number} of {count}") };
        SigningKey::parse(secret)
            .map(|key| (name, key))
            .map_err(|sentence| usage(format!("secret {number}: {sentence}")))
    };
    (1..).zip(given).map(named).collect()
}

/// The word for programs and the sentence for people.
fn verdict(signature: &Signature, secrets: usize) -> (&'static str, String) {
    match signature {
        Signature::Verifies(by) if by.is_empty() => ("verifies", "signature verifies".to_owned()),
        Signature::Verifies(by) => ("verifies", format!("signature verifies: {by}")),
        Signature::Unknown if secrets == 0 => (
            "not_checked",
            "signature not checked: give the webhook's secret with --secret or --secret-file".to_owned(),
        ),
        Signature::Unknown => (
            "unknown",
            "signature does not verify: made with another secret, or the body was changed on its way".to_owned(),
        ),
        Signature::Stale(age @ 0..) => {
            ("stale", format!("signature is too old: made {age} seconds ago, and 300 are taken"))
        }
        Signature::Stale(age) => {
            ("stale", format!("signature is from the future: {} seconds ahead, and 300 are taken", age.unsigned_abs()))
        }
        Signature::Missing(header) => ("missing", format!("not signed: {header} is missing or damaged")),
    }
}

/// A request for people: nothing in it can steer the terminal, and its body cannot look like another request.
fn block(request: &Received, (_, verdict): &(&str, String)) -> String {
    let mut block = format!("{}  {} {}\n", request.at.rfc3339(), request.method, request.path);
    let test = if request.is_test() { ", a test" } else { "" };
    let shown = |name| request.header(name).unwrap_or("-");
    let head = format!(
        "webhook-id  {}\nattempt     {}{test}\n{verdict}\nanswered    {}\n",
        shown("webhook-id"),
        shown("x-webhook-attempt"),
        request.answered.as_u16()
    );
    for line in head.lines().chain(body(request).lines()) {
        // Writing to a String cannot fail.
        let _ = writeln!(block, "    {line}");
    }
    visible(&block)
}

fn body(request: &Received) -> String {
    let all = request.body.len();
    let shown = &request.body[..all.min(SHOWN)];
    let Some(text) = text(shown, shown.len() < all) else {
        return format!("A body of {} that is no text.", size(all as u64));
    };
    let mut laid_out: String = bits(&visible(text)).into_iter().map(|bit| bit.text).collect();
    if shown.len() < all {
        let _ = write!(laid_out, "\nShown are the first {} of {}.", size(shown.len() as u64), size(all as u64));
    }
    laid_out
}

/// A request for programs; what could steer a terminal is escaped, as JSON may have it.
fn line(request: &Received, (word, verdict): &(&str, String)) -> String {
    let attempt = request.header("x-webhook-attempt").and_then(|attempt| attempt.parse::<u32>().ok());
    let body = std::str::from_utf8(&request.body).ok();
    let line = json!({
        "at": request.at.rfc3339(),
        "method": request.method,
        "path": request.path,
        "webhook_id": request.header("webhook-id"),
        "attempt": attempt,
        "test": request.is_test(),
        "signature": word,
        "verdict": verdict,
        "answered": request.answered.as_u16(),
        "headers": request.headers,
        "body": body,
        "body_base64": body.is_none().then(|| STANDARD.encode(&request.body)),
    });
    let mut harmless = String::new();
    for letter in line.to_string().chars() {
        if letter.is_control() || CodePointSetData::new::<BidiControl>().contains(letter) {
            let _ = write!(harmless, "\\u{:04x}", u32::from(letter));
        } else {
            harmless.push(letter);
        }
    }
    harmless
}
