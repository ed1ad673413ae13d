//! Secrets at rest: master keys, the sub-keys derived from them, and columns sealed so that no row can pose as another.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::ids::random_bytes;

const NONCE: usize = 24;

/// Where a sealed value lives; part of the seal, so that a value moved elsewhere does not open.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: &'a str,
    /// The column.
    pub column: &'static str,
}

/// Seals and opens stored secrets; the first master key seals, all of them open. Cloned freely.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    first: String,
    ciphers: BTreeMap<String, XChaCha20Poly1305>,
    /// The raw first key, for the sub-keys that are asked for by purpose.
    root: Zeroizing<[u8; 32]>,
}

impl Sealer {
    /// Reads `kid:base64,…`, each key 32 bytes.
    ///
    /// # Errors
    /// A sentence that names the key id, never the key.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut ciphers = BTreeMap::new();
        let mut first = None;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (kid, encoded) = part.split_once(':').context("a master key is written as id:base64 of 32 bytes")?;
            let sound = !kid.is_empty() && kid.len() <= 32 && kid.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !sound {
                bail!("a master key's id is 1 to 32 letters and digits");
            }
            let bytes = Zeroizing::new(STANDARD.decode(encoded).unwrap_or_default());
            let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new) else {
                bail!("the master key {kid} is not the base64 of 32 bytes");
            };
            let sealing = derive(&key, "secrets")?;
            if ciphers.insert(kid.to_owned(), XChaCha20Poly1305::new((&*sealing).into())).is_some() {
                bail!("the master key {kid} stands twice");
            }
            first.get_or_insert((kid.to_owned(), key));
        }
        let (first, root) = first.context("no master key is given")?;
        Ok(Self(Arc::new(Inner { first, ciphers, root })))
    }

    /// A new key as it is written into a file: `k1:base64`.
    pub fn generate() -> SecretString {
        SecretString::from(format!("k1:{}", STANDARD.encode(random_bytes::<32>())))
    }

    /// The id of the key that seals.
    pub fn first_kid(&self) -> &str {
        &self.0.first
    }

    /// The ids of all keys that open.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.0.ciphers.keys().map(String::as_str)
    }

    /// Seals a value for its place: `v1.<kid>.<base64 of nonce and text>`.
    ///
    /// # Errors
    /// When the cipher refuses, which it does for no text that fits in memory.
    pub fn seal(&self, place: Place<'_>, text: &SecretString) -> anyhow::Result<String> {
        let nonce = random_bytes::<NONCE>();
        let kid = &self.0.first;
        let cipher = self.0.ciphers.get(kid).context("the sealing key is gone")?;
        let bound = bound_to(kid, place);
        let payload = Payload { msg: text.expose_secret().as_bytes(), aad: bound.as_bytes() };
        let Ok(sealed) = cipher.encrypt(&XNonce::from(nonce), payload) else { bail!("a secret could not be sealed") };
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(format!("v1.{kid}.{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    /// When its key is not given, or when it was changed or moved.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> anyhow::Result<SecretString> {
        let mut parts = sealed.splitn(3, '.');
        let (Some("v1"), Some(kid), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            bail!("{}.{} holds no sealed value", place.table, place.column);
        };
        let cipher = self.0.ciphers.get(kid).with_context(|| format!("the master key {kid} is not given"))?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).context("a sealed value is damaged")?;
        let (nonce, text) = bytes.split_at_checked(NONCE).context("a sealed value is damaged")?;
        let nonce = <[u8; NONCE]>::try_from(nonce).context("a sealed value is damaged")?;
        let bound = bound_to(kid, place);
        let Ok(opened) = cipher.decrypt(&XNonce::from(nonce), Payload { msg: text, aad: bound.as_bytes() }) else {
            bail!("{}.{} was changed, moved or sealed with another key {kid}", place.table, place.column);
        };
        let opened = Zeroizing::new(opened);
        Ok(SecretString::from(std::str::from_utf8(&opened).context("a sealed value is not text")?))
    }

    /// A sub-key of the first master key for a purpose of its own (HKDF-SHA-256).
    ///
    /// # Errors
    /// When more bytes are asked for than the function gives.
    pub fn sub_key<const N: usize>(&self, purpose: &str) -> anyhow::Result<Zeroizing<[u8; N]>> {
        derive(&self.0.root, purpose)
    }
}

fn derive<const N: usize>(key: &[u8; 32], purpose: &str) -> anyhow::Result<Zeroizing<[u8; N]>> {
    let mut out = Zeroizing::new([0; N]);
    let expanded = Hkdf::<Sha256>::new(None, key).expand(format!("postrider/{purpose}").as_bytes(), out.as_mut());
    expanded.ok().context("a sub-key is too long")?;
    Ok(out)
}

fn bound_to(kid: &str, place: Place<'_>) -> String {
    format!("v1|{kid}|{}|{}|{}", place.table, place.row, place.column)
}

/// SHA-256 as lower-case hex, for tokens of high entropy that are only ever compared.
pub fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// SHA-256 of bytes as lower-case hex.
pub fn bytes_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Compares two hashes in constant time.
pub fn same_hash(left: &str, right: &str) -> bool {
    use subtle::ConstantTimeEq;
    left.len() == right.len() && bool::from(left.as_bytes().ct_eq(right.as_bytes()))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer::parse(Sealer::generate().expose_secret()).unwrap()
    }

    const PLACE: Place<'_> = Place { table: "webhooks", row: "whk_1", column: "auth_secret" };

    #[test]
    fn a_sealed_value_opens_in_its_place_only() {
        let sealer = sealer();
        let sealed = sealer.seal(PLACE, &SecretString::from("s3cret")).unwrap();
        assert!(!sealed.contains("s3cret"));
        assert_eq!(sealer.open(PLACE, &sealed).unwrap().expose_secret(), "s3cret");
        assert!(sealer.open(Place { row: "whk_2", ..PLACE }, &sealed).is_err());
        assert!(sealer.open(Place { column: "signing_secret", ..PLACE }, &sealed).is_err());
        assert!(self::sealer().open(PLACE, &sealed).is_err());
    }

    #[test]
    fn a_changed_bit_is_noticed() {
        let sealer = sealer();
        let sealed = sealer.seal(PLACE, &SecretString::from("s3cret")).unwrap();
        let (head, tail) = sealed.split_at(sealed.len() - 2);
        let other = if tail.starts_with('A') { "BA" } else { "AA" };
        assert!(sealer.open(PLACE, &format!("{head}{other}")).is_err());
    }

    #[test]
    fn an_older_key_still_opens_and_a_bad_list_is_refused_by_name() {
        let old = Sealer::generate();
        let sealed = Sealer::parse(old.expose_secret()).unwrap().seal(PLACE, &SecretString::from("x")).unwrap();
        let new = Sealer::generate().expose_secret().replacen("k1:", "k2:", 1);
        let both = Sealer::parse(&format!("{new},{}", old.expose_secret())).unwrap();
        assert_eq!(both.first_kid(), "k2");
        assert_eq!(both.open(PLACE, &sealed).unwrap().expose_secret(), "x");
        for bad in ["", "k1", "k1:AAAA", ":AAAA", "k1:!!"] {
            assert!(Sealer::parse(bad).is_err(), "{bad}");
        }
    }
}
