//! What the operator allows and denies on the way out.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use ipnet::{IpNet, Ipv4Net};
use url::Url;

use super::{
    address::{self, Class},
    endpoint::{self, EndpointUrl},
    refusal::Refusal,
};

/// The rules for every outgoing request: fixed ones, and the operator's exceptions to them.
pub struct Policy {
    allowed_networks: Vec<Allowed<IpNet>>,
    allowed_names: Vec<Allowed<String>>,
    denied_networks: Vec<IpNet>,
    denied_ports: Vec<u16>,
    https_only: bool,
    is_own: fn(IpAddr) -> bool,
}

/// Something allowed on one port, or on all.
struct Allowed<T> {
    what: T,
    port: Option<u16>,
}

impl<T> Allowed<T> {
    fn on(&self, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
    }
}

impl Policy {
    /// Reads the settings: `allow` has networks, addresses and host names, each with an optional port
    /// (`10.1.0.0/16`, `127.0.0.1/32:8081`, `[::1]:8080`, `hooks.internal:8080`); `deny` has networks and addresses.
    ///
    /// # Errors
    /// One sentence for each entry that cannot be read.
    pub fn new(allow: &[String], deny: &[String], deny_ports: &[u16], https_only: bool) -> Result<Self, Vec<String>> {
        let mut policy = Self::without_exceptions(deny_ports, https_only);
        let mut problems = Vec::new();
        for entry in allow {
            if !policy.allow(entry.trim()) {
                problems.push(format!(
                    "EGRESS_ALLOW: \"{entry}\" is no network, address or host name; write for example 10.1.0.0/16, 10.1.2.3/32:8080 or hooks.internal."
                ));
            }
        }
        for entry in deny {
            match network(entry.trim()) {
                Some(network) => policy.denied_networks.push(network),
                None => problems.push(format!(
                    "EGRESS_DENY: \"{entry}\" is no network or address; write for example 10.1.0.0/16 or 2001:db8::/32."
                )),
            }
        }
        if problems.is_empty() { Ok(policy) } else { Err(problems) }
    }

    /// The rules for a command whose user names the address that it calls: its host is open on its port, inside too.
    pub fn opened_for(url: &str) -> Self {
        let mut policy = Self::without_exceptions(&[], false);
        if let Ok(url) = Url::parse(url)
            && let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default())
        {
            policy.allow(&format!("{host}:{port}"));
        }
        policy
    }

    fn without_exceptions(deny_ports: &[u16], https_only: bool) -> Self {
        Self {
            allowed_networks: Vec::new(),
            allowed_names: Vec::new(),
            denied_networks: Vec::new(),
            denied_ports: deny_ports.to_vec(),
            https_only,
            is_own: address::is_own,
        }
    }

    fn allow(&mut self, entry: &str) -> bool {
        let (what, port) = split_port(entry);
        let Ok(port) = port.map(str::parse::<u16>).transpose() else { return false };
        if port == Some(0) {
            return false;
        }
        if let Some(what) = network(what.trim_start_matches('[').trim_end_matches(']')) {
            self.allowed_networks.push(Allowed { what, port });
            return true;
        }
        let name = endpoint::bare(what).to_ascii_lowercase();
        // What ends in a number is read as an IPv4 address by every client, so it is a misspelled one here.
        let numeric = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if numeric || !endpoint::is_host_name(&name) {
            return false;
        }
        self.allowed_names.push(Allowed { what: name, port });
        true
    }

    /// Judges an address as typed: its syntax and, where its host is an IP address, that; never asks DNS.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check_url(&self, raw: &str) -> Result<EndpointUrl, Refusal> {
        endpoint::check(raw, self)
    }

    /// Judges an IP address and port; what `EGRESS_ALLOW` names is open, whatever else is said of it.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn check_address(&self, target: SocketAddr) -> Result<(), Refusal> {
        let address = address::canonical(target.ip());
        if self.allowed_networks.iter().any(|allowed| allowed.on(target.port()) && allowed.what.contains(&address)) {
            return Ok(());
        }
        self.check_port(target.port())?;
        self.check_denied(address)?;
        let class = address::class_of(address).or_else(|| (self.is_own)(address).then_some(Class::Own));
        class.map_or(Ok(()), |class| Err(Refusal::Address { address, class }))
    }

    /// Judges an address that DNS gave, or to which a connection was made: an address behind NAT64 is judged by the IPv4
    /// address that it leads to, and a host name in `EGRESS_ALLOW` (`named`) opens all but what `EGRESS_DENY` names.
    pub(super) fn check_answer(&self, answer: SocketAddr, named: bool) -> Result<(), Refusal> {
        let address = address::through_nat64(address::canonical(answer.ip()));
        if named && self.check_denied(address).is_ok() {
            return Ok(());
        }
        self.check_address(SocketAddr::new(address, answer.port()))
    }

    pub(super) fn check_port(&self, port: u16) -> Result<(), Refusal> {
        if self.denied_ports.contains(&port) { Err(Refusal::Port(port)) } else { Ok(()) }
    }

    fn check_denied(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.denied_networks.iter().any(|network| network.contains(&address)) {
            return Err(Refusal::Address { address, class: Class::Denied });
        }
        Ok(())
    }

    /// Whether `EGRESS_ALLOW` has this host name; takes names without a trailing dot.
    pub(super) fn allows_name(&self, name: &str, port: u16) -> bool {
        self.allowed_names.iter().any(|allowed| allowed.on(port) && allowed.what == name)
    }

    pub(super) fn https_only(&self) -> bool {
        self.https_only
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed = self.allowed_networks.len() + self.allowed_names.len();
        formatter
            .debug_struct("Policy")
            .field("allowed", &allowed)
            .field("denied", &self.denied_networks)
            .finish_non_exhaustive()
    }
}

/// Parts an entry from its port: the colon after a prefix length, after `]`, or the only colon of a name.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    let tail = entry.rfind(['/', ']']).unwrap_or(0);
    let is_plain_v6 = tail == 0 && entry.matches(':').count() > 1;
    match entry[tail..].rfind(':') {
        Some(colon) if !is_plain_v6 => (&entry[..tail + colon], Some(&entry[tail + colon + 1..])),
        _ => (entry, None),
    }
}

/// Reads a network or a single address, in the form in which addresses are compared.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim_end_matches(']').trim_start_matches('[');
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    match network {
        IpNet::V6(mapped) if mapped.prefix_len() >= 96 => match mapped.addr().to_ipv4_mapped() {
            Some(address) => Ipv4Net::new(address, mapped.prefix_len() - 96).ok().map(IpNet::V4),
            None => Some(network),
        },
        IpNet::V6(_) | IpNet::V4(_) => Some(network),
    }
}

#[cfg(test)]
impl Policy {
    /// A policy that takes 93.184.216.34 for an address of this machine.
    pub(super) fn with_a_public_address() -> Self {
        Self {
            is_own: |address| address == std::net::Ipv4Addr::new(93, 184, 216, 34),
            ..Self::new(&[], &[], &[], false).unwrap()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str], deny: &[&str], ports: &[u16]) -> Policy {
        let owned = |list: &[&str]| list.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        Policy::new(&owned(allow), &owned(deny), ports, false).unwrap()
    }

    fn code(policy: &Policy, url: &str) -> &'static str {
        policy.check_url(url).map_or_else(|refusal| refusal.code(), |_| "allow")
    }

    #[test]
    fn an_address_that_a_command_is_given_opens_itself_alone() {
        for url in
            ["http://localhost:8080/", "http://127.0.0.1:8080", "http://[::1]:8080/x", "http://desk.internal:8080"]
        {
            let policy = Policy::opened_for(url);
            assert_eq!(code(&policy, url), "allow", "{url}");
            assert_ne!(code(&policy, &url.replace("8080", "8081")), "allow", "another port than that of {url}");
        }
        assert_eq!(code(&Policy::opened_for("http://127.0.0.1:8080/"), "http://127.0.0.2:8080/"), "loopback");
        assert_eq!(code(&Policy::opened_for("ftp://localhost/"), "ftp://localhost/"), "scheme");
        assert_eq!(code(&Policy::opened_for("nowhere"), "nowhere"), "url-parse");
    }

    #[test]
    fn an_allowed_network_opens_its_addresses_in_every_spelling_and_no_others() {
        let policy = policy(&["10.1.0.0/16"], &[], &[]);
        for url in ["http://10.1.2.3/", "http://[::ffff:10.1.2.3]/", "http://0xa.1.515/", "http://167838211/"] {
            assert_eq!(code(&policy, url), "allow", "{url}");
        }
        assert_eq!(code(&policy, "http://10.2.0.1/"), "private");
        assert_eq!(code(&policy, "http://[::a01:203]/"), "v6-not");
    }

    #[test]
    fn a_mapped_entry_means_the_ipv4_network() {
        let policy = policy(&["::ffff:10.1.0.0/112"], &[], &[]);
        assert_eq!(code(&policy, "http://10.1.2.3/"), "allow");
        assert_eq!(code(&policy, "http://10.2.2.3/"), "private");
    }

    #[test]
    fn an_entry_with_a_port_opens_that_port_alone() {
        let policy = policy(&["127.0.0.1/32:8081", "[::1]:9000", "fd00::/8:443", "desk.internal:8080"], &[], &[8081]);
        for (url, expected) in [
            ("http://127.0.0.1:8081/", "allow"),
            ("http://127.0.0.1:8082/", "loopback"),
            ("http://127.0.0.2:8081/", "port"),
            ("http://[::1]:9000/", "allow"),
            ("http://[::1]:9001/", "v6-not"),
            ("https://[fd00::5]/", "allow"),
            ("http://[fd00::5]/", "v6-not"),
            ("http://desk.internal:8080/", "allow"),
            ("http://desk.internal/", "host-reserved"),
            ("http://Desk.Internal.:8080/", "allow"),
            ("http://other.desk.internal:8080/", "host-reserved"),
        ] {
            assert_eq!(code(&policy, url), expected, "{url}");
        }
    }

    #[test]
    fn a_denied_network_or_port_is_refused_unless_it_is_allowed_too() {
        let policy = policy(&["93.184.216.0/28"], &["93.184.216.0/24", "2606:2800::/32"], &[25]);
        assert_eq!(code(&policy, "https://93.184.216.34/"), "denied-network");
        assert_eq!(code(&policy, "https://[2606:2800::1]/"), "denied-network");
        assert_eq!(code(&policy, "https://[::ffff:93.184.216.34]/"), "denied-network");
        assert_eq!(code(&policy, "https://93.184.216.3/"), "allow");
        assert_eq!(code(&policy, "https://93.184.217.3:25/"), "port");
        assert_eq!(code(&policy, "https://mail.example.com:25/"), "port");
        assert_eq!(code(&policy, "https://mail.example.com:0/"), "port");
    }

    #[test]
    fn the_public_address_of_this_machine_is_refused() {
        let policy = Policy::with_a_public_address();
        assert_eq!(code(&policy, "https://93.184.216.34/"), "own-address");
        assert_eq!(code(&policy, "https://93.184.216.35/"), "allow");
    }

    #[test]
    fn an_answer_behind_nat64_is_judged_by_the_ipv4_address_inside() {
        let policy = policy(&["10.1.0.0/16"], &[], &[]);
        let code = |answer: &str| {
            let answer = SocketAddr::new(answer.parse().unwrap(), 443);
            policy.check_answer(answer, false).map_or_else(|refusal| refusal.code(), |()| "allow")
        };
        assert_eq!(code("64:ff9b::7f00:1"), "loopback");
        assert_eq!(code("64:ff9b::808:808"), "allow");
        assert_eq!(code("64:ff9b::a01:203"), "allow");
        assert_eq!(code("64:ff9b:1::808:808"), "v6-not");
        assert_eq!(code("::ffff:169.254.169.254"), "link-local");
    }

    #[test]
    fn an_allowed_name_opens_its_answers_but_not_what_is_denied() {
        let policy = policy(&["receiver"], &["169.254.0.0/16"], &[]);
        let allowed = |answer: &str| policy.check_answer(SocketAddr::new(answer.parse().unwrap(), 80), true).is_ok();
        assert_eq!(code(&policy, "http://receiver/"), "allow");
        assert!(allowed("172.18.0.3"));
        assert!(!allowed("169.254.169.254"));
    }

    #[test]
    fn all_unreadable_entries_are_named_at_once() {
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        let problems = Policy::new(
            &list(&["10.0.0.0/33", "a b", "10.0.0.1", "host:99999", "10.0.0"]),
            &list(&["nowhere", "::/0"]),
            &[],
            false,
        )
        .unwrap_err();
        let named: Vec<_> = problems.iter().map(|sentence| sentence.split('"').nth(1).unwrap()).collect();
        assert_eq!(named, ["10.0.0.0/33", "a b", "host:99999", "10.0.0", "nowhere"]);
    }
}
