//! TLS for outgoing requests: which authorities are trusted, and what is learnt from a handshake.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, NamedGroup, RootCertStore, SignatureScheme,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use super::{certificate, probe::Probe};

/// Servers whose sessions are remembered, to shorten the next handshake.
const REMEMBERED_SERVERS: usize = 1_024;
/// How long. A handshake that is shortened shows no certificate, so a new one would never be seen.
const REMEMBERED: Duration = Duration::from_hours(1);

/// The configuration, and where its trusted authorities come from.
pub(super) fn configuration(ca_file: Option<&Path>) -> anyhow::Result<(ClientConfig, &'static str)> {
    let (mut roots, is_system) = roots(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = ca_file {
        add_file(&mut roots, file)?;
    }
    let source = match (is_system, ca_file.is_some()) {
        (true, false) => "the certificate store of this system",
        (true, true) => "the certificate store of this system and EGRESS_CA_FILE",
        (false, false) => "the built-in list of certificate authorities (this system has none)",
        (false, true) => "the built-in list of certificate authorities (this system has none) and EGRESS_CA_FILE",
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .context("The trusted certificate authorities cannot be used.")?;
    // "dangerous" only names the door: each decision is the verifier's of the library.
    let mut configuration = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Witness(verifier)))
        .with_no_client_auth();
    configuration.resumption = Resumption::store(Arc::new(Sessions::new(Instant::now())));
    Ok((configuration, source))
}

/// The system's authorities, or the built-in ones where it has none (a bare container image).
fn roots(system: Vec<CertificateDer<'static>>) -> (RootCertStore, bool) {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system);
    let is_system = !roots.is_empty();
    if !is_system {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    (roots, is_system)
}

fn add_file(roots: &mut RootCertStore, file: &Path) -> anyhow::Result<()> {
    let problem = || format!("EGRESS_CA_FILE: {} cannot be read; name a PEM file with certificates.", file.display());
    let mut found = false;
    for certificate in CertificateDer::pem_file_iter(file).with_context(problem)? {
        roots.add(certificate.with_context(problem)?).with_context(problem)?;
        found = true;
    }
    if !found {
        bail!("EGRESS_CA_FILE: {} holds no certificate; name a PEM file with certificates.", file.display());
    }
    Ok(())
}

/// Decides as the library does, and remembers which certificate was not accepted.
#[derive(Debug)]
struct Witness(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verdict {
            Ok(_) => Probe::current().accept_certificate(certificate::end(end_entity)),
            Err(_) => Probe::current().refuse_certificate(certificate::describe(end_entity)),
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// The sessions that are remembered. Each handshake begins with a look here, which is where its clock starts.
#[derive(Debug)]
struct Sessions(Mutex<(Arc<ClientSessionMemoryCache>, Instant)>);

impl Sessions {
    fn new(now: Instant) -> Self {
        Self(Mutex::new((Arc::new(ClientSessionMemoryCache::new(REMEMBERED_SERVERS)), now)))
    }

    /// Those of this hour.
    fn at(&self, now: Instant) -> Arc<ClientSessionMemoryCache> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(inner.1) >= REMEMBERED {
            *inner = (Arc::new(ClientSessionMemoryCache::new(REMEMBERED_SERVERS)), now);
        }
        Arc::clone(&inner.0)
    }

    fn now(&self) -> Arc<ClientSessionMemoryCache> {
        self.at(Instant::now())
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.now().set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.now().kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.now().set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.now().tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.now().remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(&self, server_name: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.now().insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(&self, server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        Probe::current().handshaking();
        self.now().take_tls13_ticket(server_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_authorities_gets_the_built_in_ones() {
        let (roots, is_system) = roots(Vec::new());
        assert!(!is_system);
        assert!(roots.len() > 50, "{} roots", roots.len());
    }

    #[test]
    fn sessions_are_forgotten_after_an_hour() {
        let start = Instant::now();
        let sessions = Sessions::new(start);
        let server = ServerName::try_from("ci.example.com").unwrap();
        sessions.at(start).set_kx_hint(server.clone(), NamedGroup::X25519);
        assert_eq!(sessions.at(start + REMEMBERED / 2).kx_hint(&server), Some(NamedGroup::X25519));
        assert_eq!(sessions.at(start + REMEMBERED).kx_hint(&server), None);
    }

    #[test]
    fn an_authority_file_without_certificates_is_named_in_the_error() {
        for file in ["Cargo.toml", "no-such-file.pem"] {
            let error = configuration(Some(Path::new(file))).unwrap_err();
            assert!(error.to_string().starts_with("EGRESS_CA_FILE: "), "{error}");
            assert!(error.to_string().contains(file), "{error}");
        }
    }
}
