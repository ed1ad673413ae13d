//! `healthcheck`: asks the portal of this machine whether it is ready, as a container's health check does.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};

use super::{Failure, say};
use crate::config::Settings;

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    let answer = ask(reachable(settings.listen), "/readyz")?;
    let words = answer.split_once("\r\n\r\n").map(|(_, body)| body.trim()).unwrap_or_default();
    if answer.split(' ').nth(1) != Some("200") {
        return Err(Failure::Fault(anyhow::anyhow!("the portal at {} is not ready: {words}", settings.listen)));
    }
    say(words);
    Ok(())
}

/// An address for all networks is reached through loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// One request of HTTP/1.1 by hand: the client for webhooks must not call loopback, and this one nothing else.
fn ask(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let nobody = || format!("nothing answers at {address}");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(nobody)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer).with_context(nobody)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    if !answer.starts_with("HTTP/1.") {
        bail!("what answers at {address} is not Postrider");
    }
    Ok(answer)
}
