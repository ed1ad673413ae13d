//! The settings: flag over variable over file over default, all problems told at once.

use std::path::PathBuf;

/// The settings that a running process follows.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address of the portal as browsers see it, without a slash at the end.
    pub public_url: String,
    /// Where the embedded database and the master key's file are.
    pub data_dir: PathBuf,
    /// Proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}
