//! The portal's own address: which hosts and origins are ours, and where a request really came from.

use std::net::IpAddr;

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use ipnet::IpNet;
use url::{Host, Url};

use super::WebError;
use super::route::{Access, Route};
use crate::config::Settings;

/// What requests are compared with; made once for each thread that serves.
pub struct Site {
    /// `https` or `http`.
    scheme: String,
    /// Lower case, without the scheme's own port.
    hosts: Vec<String>,
    loopback: bool,
    trusted_proxies: Vec<IpNet>,
    /// The pages that somebody may be sent back to after sign-in.
    pages: Vec<ResourceDef>,
    /// The paths that monitors ask for under any host name.
    probes: Vec<&'static str>,
}

impl Site {
    /// Reads the settings and the routes.
    ///
    /// # Errors
    /// When the public address is not one of http or https with a host.
    pub fn new(settings: &Settings, routes: &[Route]) -> anyhow::Result<Self> {
        let url = Url::parse(&settings.public_url)?;
        let Some(host) = url.host() else { anyhow::bail!("the public address has no host") };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let loopback = match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let mut hosts = vec![format!("{host}{port}")];
        if loopback {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}{port}")));
        }
        let pages = routes.iter().filter(|route| route.method == Method::GET && route.access == Access::Admin);
        Ok(Self {
            scheme: url.scheme().to_owned(),
            hosts,
            loopback,
            trusted_proxies: settings.trusted_proxies.clone(),
            pages: pages.map(|route| ResourceDef::new(route.path)).collect(),
            probes: routes.iter().filter(|route| route.access == Access::Probe).map(|route| route.path).collect(),
        })
    }

    /// True where browsers reach the portal by TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// True where anyone on the way can read what is typed.
    pub fn is_insecure(&self) -> bool {
        !self.is_https() && !self.loopback
    }

    /// True for the addresses that load balancers and monitors ask for.
    pub(crate) fn is_probe(&self, path: &str) -> bool {
        self.probes.contains(&path)
    }

    /// The `Host` of a request without the scheme's own port, when it is one of ours.
    pub(crate) fn known_host(&self, headers: &HeaderMap, authority: Option<&str>) -> Option<&str> {
        let own_port = if self.is_https() { ":443" } else { ":80" };
        let plain = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.strip_suffix(own_port).map(str::to_owned).unwrap_or(name)
        };
        let named = plain(headers.get(HOST)?.to_str().ok()?);
        // A target written with a host must name the same one.
        if authority.is_some_and(|authority| plain(authority) != named) {
            return None;
        }
        self.hosts.iter().map(String::as_str).find(|host| *host == named)
    }

    /// Refuses what a foreign page may have sent: the browser says where the request comes from, or at least
    /// its origin, and that must be the address the request was sent to.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), WebError> {
        const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
        let own = self.known_host(headers, None).map(|host| format!("{}://{host}", self.scheme));
        let from_own = |origin: &str| own.as_deref() == Some(origin);
        let origin = headers.get(ORIGIN).map(|value| value.to_str().unwrap_or_default());
        let passes = match headers.get(SITE).map(|value| value.to_str().unwrap_or_default()) {
            Some("same-origin") => origin.is_none_or(from_own),
            Some(_) => false,
            None => origin.is_some_and(from_own),
        };
        if passes { Ok(()) } else { Err(WebError::CrossSite) }
    }

    /// The address a request came from: the peer, or behind trusted proxies the last address that is none of them.
    pub(crate) fn client_address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
        let mut nearest = peer?.to_canonical();
        let hops: Vec<&str> =
            headers.get_all(FORWARDED_FOR).flat_map(|value| value.to_str().unwrap_or_default().split(',')).collect();
        for hop in hops.into_iter().rev() {
            if !self.trusted_proxies.iter().any(|net| net.contains(&nearest)) {
                break;
            }
            // What cannot be read was not written by a proxy of ours.
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            nearest = address.to_canonical();
        }
        Some(nearest)
    }

    /// Where to go after sign-in: the page that was asked for when it is a page of ours, else the overview.
    pub fn way_back<'a>(&self, next: &'a str) -> &'a str {
        let path = next.split('?').next().unwrap_or_default();
        let sound = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#')
            && !next.starts_with("//")
            && next.len() <= 2048;
        if sound && self.pages.iter().any(|page| page.is_match(path)) { next } else { "/" }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn site(public_url: &str) -> Site {
        let settings = Settings {
            public_url: public_url.to_owned(),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Settings::for_tests()
        };
        let page = || async { "" };
        let routes = [
            Route::get("/", Access::Admin, page),
            Route::get("/deliveries/{id}", Access::Admin, page),
            Route::get("/sign-in", Access::Public, page),
        ];
        Site::new(&settings, &routes).unwrap()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn only_the_own_host_is_known_and_all_loopback_names_are_one() {
        let known = |site: &Site, host| site.known_host(&headers(&[("host", host)]), None).is_some();
        let portal = site("https://Portal.example.com");
        assert!(known(&portal, "portal.example.com"));
        assert!(known(&portal, "PORTAL.example.com:443"));
        for host in ["evil.example", "portal.example.com:8443", "portal.example.com.", "localhost", ""] {
            assert!(!known(&portal, host), "{host}");
        }
        let local = site("http://127.0.0.1:8080");
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
            assert!(known(&local, host), "{host}");
        }
        assert!(!known(&local, "localhost:8081"));
        assert!(local.known_host(&headers(&[("host", "localhost:8080")]), Some("evil.example")).is_none());
    }

    #[test]
    fn a_change_is_taken_from_own_pages_only() {
        let portal = site("https://portal.example.com");
        let passes = |pairs: &[(&'static str, &'static str)]| {
            let mut all = vec![("host", "portal.example.com")];
            all.extend(pairs);
            portal.check_origin(&headers(&all)).is_ok()
        };
        assert!(passes(&[("sec-fetch-site", "same-origin")]));
        assert!(passes(&[("sec-fetch-site", "same-origin"), ("origin", "https://portal.example.com")]));
        assert!(passes(&[("origin", "https://portal.example.com")]));
        assert!(!passes(&[]));
        assert!(!passes(&[("origin", "null")]));
        assert!(!passes(&[("origin", "http://portal.example.com")]));
        assert!(!passes(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!passes(&[("sec-fetch-site", site), ("origin", "https://portal.example.com")]), "{site}");
        }
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let portal = site("https://portal.example.com");
        let from = |peer: &str, forwarded: &'static str| {
            let map = headers(&[("x-forwarded-for", forwarded)]);
            portal.client_address(Some(peer.parse().unwrap()), &map).unwrap().to_string()
        };
        assert_eq!(from("203.0.113.9", "1.1.1.1"), "203.0.113.9");
        assert_eq!(from("10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2"), "198.51.100.7");
        assert_eq!(from("::ffff:10.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(from("10.0.0.1", "198.51.100.7, unknown"), "10.0.0.1");
        assert_eq!(from("10.0.0.1", ""), "10.0.0.1");
    }

    #[test]
    fn the_way_back_leads_only_to_own_pages() {
        let portal = site("https://portal.example.com");
        for next in ["/", "/deliveries/dlv_1?attempt=2"] {
            assert_eq!(portal.way_back(next), next);
        }
        for next in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/%5cevil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/nowhere",
            "/sign-in",
            "",
            "/deliveries/\\evil",
            "/deliveries/x\r\nSet-Cookie: a",
        ] {
            assert_eq!(portal.way_back(next), "/", "{next}");
        }
    }
}
