//! Signatures as Standard Webhooks 1.0 writes them: HMAC-SHA256 over `id.timestamp.body`, base64, `v1,`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ids::random_bytes;
use crate::secret::same_hash;

/// What the text of a secret starts with.
pub const PREFIX: &str = "whsec_";
/// The fewest bytes of a key.
pub const SHORTEST: usize = 24;
/// The most bytes of a key.
pub const LONGEST: usize = 64;

/// A key that signs; made only from a sound secret. No `Debug`.
#[derive(Clone)]
pub struct SigningKey {
    text: SecretString,
    bytes: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// A new key of 32 random bytes.
    pub fn generate() -> Self {
        let bytes = Zeroizing::new(random_bytes::<32>().to_vec());
        Self { text: SecretString::from(format!("{PREFIX}{}", STANDARD.encode(&*bytes))), bytes }
    }

    /// Reads `whsec_` and canonical base64 of 24 to 64 bytes that are not all zero.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without the secret.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text.strip_prefix(PREFIX).ok_or("A signing secret starts with whsec_.")?;
        let bytes = STANDARD
            .decode(encoded)
            .map(Zeroizing::new)
            .map_err(|_| "After whsec_ comes standard base64 with its padding.")?;
        if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
            return Err("A signing secret holds 24 to 64 bytes.");
        }
        if bytes.iter().all(|byte| *byte == 0) {
            return Err("A signing secret of zero bytes protects nothing.");
        }
        Ok(Self { text: SecretString::from(text), bytes })
    }

    /// True when both are the same secret.
    pub fn is(&self, other: &Self) -> bool {
        self.bytes.as_slice() == other.bytes.as_slice()
    }

    /// The secret as people copy it.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes).expect("HMAC takes any key");
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        let mut signature = String::with_capacity(48);
        signature.push_str("v1,");
        STANDARD.encode_string(mac.finalize().into_bytes(), &mut signature);
        signature
    }
}

/// The header `webhook-signature`: one signature for each key, newest first, separated by spaces.
pub fn signature(keys: &[SigningKey], id: &str, timestamp: i64, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    let all: Vec<String> = keys.iter().map(|key| key.sign(id, &timestamp, body)).collect();
    all.join(" ")
}

/// Whether one of the signatures in the header `webhook-signature` was made with one of the keys.
pub fn is_signed(keys: &[SigningKey], id: &str, timestamp: i64, body: &[u8], given: &str) -> bool {
    let timestamp = timestamp.to_string();
    let own: Vec<String> = keys.iter().map(|key| key.sign(id, &timestamp, body)).collect();
    given.split(' ').any(|given| own.iter().any(|own| same_hash(given, own)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_come_out() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(&[key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_keys_sign_newest_first() {
        let (new, old) = (SigningKey::generate(), SigningKey::generate());
        let both = signature(&[new.clone(), old.clone()], "evt_1", 1, b"{}");
        assert_eq!(both, format!("{} {}", signature(&[new], "evt_1", 1, b"{}"), signature(&[old], "evt_1", 1, b"{}")));
    }

    #[test]
    fn one_signature_that_fits_one_key_is_enough() {
        let (new, old, other) = (SigningKey::generate(), SigningKey::generate(), SigningKey::generate());
        let both = signature(&[new.clone(), old.clone()], "evt_1", 1, b"{}");
        for keys in [vec![new.clone()], vec![old.clone()], vec![other.clone(), old.clone()]] {
            assert!(is_signed(&keys, "evt_1", 1, b"{}", &both));
            assert!(is_signed(&keys, "evt_1", 1, b"{}", &format!("v9,AAAA {both}")));
        }
        let (keys, cut) = ([new], &both[..40]);
        for (id, at, body, given) in
            [("evt_2", 1, "{}", &*both), ("evt_1", 2, "{}", &both), ("evt_1", 1, "{} ", &both), ("evt_1", 1, "{}", cut)]
        {
            assert!(!is_signed(&keys, id, at, body.as_bytes(), given));
        }
        assert!(!is_signed(&[other], "evt_1", 1, b"{}", &both) && !is_signed(&[], "evt_1", 1, b"{}", &both));
    }

    #[test]
    fn an_unsound_secret_is_refused() {
        let short = format!("whsec_{}", STANDARD.encode([7; 23]));
        let zero = format!("whsec_{}", STANDARD.encode([0; 32]));
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        for text in [
            "",
            "whsec_",
            "whsec_!!!!",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_-",
            &short,
            &zero,
            &long,
        ] {
            assert!(SigningKey::parse(text).is_err(), "{text}");
        }
    }
}
