//! `config check`: the settings as `serve` would take them.

use std::sync::Arc;

use super::{Failure, load, say};
use crate::config::Flags;
use crate::outbound::Client;

pub(super) fn run(flags: &Flags) -> Result<(), Failure> {
    let loaded = load(flags)?;
    for setting in &loaded.shown {
        let value = if setting.value.is_empty() { "-" } else { &setting.value };
        say(format!("{:<20} {value}  ({})", setting.name, setting.origin));
    }
    let egress = &loaded.settings.egress;
    let policy = egress.policy().map_err(|problems| anyhow::anyhow!(problems.join(" ")))?;
    let client = Client::new(Arc::new(policy), egress.client_options())?;
    say(format!("Certificate authorities: {}.", client.roots()));
    say("The settings are sound.");
    Ok(())
}
