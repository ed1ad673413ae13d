//! A certificate authority for tests of TLS.

use std::{path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// An authority with a file that a client can trust; the file goes with it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let (params, key) = root();
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let file = std::env::temp_dir().join(format!("authority-{}.pem", key_id(&key)));
        std::fs::write(&file, pem).expect("a file for the authority");
        Self { issuer: Issuer::new(params, key), file }
    }

    /// The authority's certificate as a PEM file.
    pub fn file(&self) -> PathBuf {
        self.file.clone()
    }

    /// A server with a certificate of this authority for these names, valid in these years.
    pub fn server(&self, names: &[&str], years: (i32, i32)) -> Arc<ServerConfig> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 12, 31);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        server(certificate.der().clone(), &key)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // A file that is left behind in the folder for temporary files harms nobody.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// A server that shows the certificate of an authority as its own.
pub fn server_with_its_own_authority() -> Arc<ServerConfig> {
    let (params, key) = root();
    server(params.self_signed(&key).expect("a certificate").der().clone(), &key)
}

fn root() -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Test authority");
    (params, KeyPair::generate().expect("a key"))
}

fn server(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a server");
    Arc::new(config)
}

fn key_id(key: &KeyPair) -> String {
    let (_, last) = key.public_key_raw().split_at(key.public_key_raw().len() - 16);
    format!("{:032x}", u128::from_be_bytes(last.try_into().expect("16 bytes")))
}
