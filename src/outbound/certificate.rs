//! Says in words whom a certificate is for, who issued it and when it is valid, so that a refused one can be found.

use std::{borrow::Cow, net::IpAddr};

use chrono::NaiveDate;

const INTEGER_OR_VERSION: [u8; 2] = [0x02, 0xa0];
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
const SHOWN_NAMES: usize = 10;
const SHOWN_LETTERS: usize = 100;

/// The names, the issuer and the dates of a certificate (DER), or none where it cannot be read.
pub(super) fn describe(der: &[u8]) -> Option<String> {
    let mut fields = Der(der).inside(SEQUENCE)?.inside(SEQUENCE)?;
    // A version stands before the serial number except in the oldest form.
    let (first, _) = fields.next()?;
    if first == INTEGER_OR_VERSION[1] {
        fields.expect(INTEGER_OR_VERSION[0])?;
    }
    fields.expect(SEQUENCE)?;
    let issuer = Der(fields.expect(SEQUENCE)?);
    let mut validity = Der(fields.expect(SEQUENCE)?);
    let subject = Der(fields.expect(SEQUENCE)?);
    let (from, until) = (date(validity.next()?)?, date(validity.next()?)?);

    let mut names = alternative_names(fields).unwrap_or_default();
    if names.is_empty() {
        names.extend(own_name(&subject));
    }
    let more = names.len().saturating_sub(SHOWN_NAMES);
    names.truncate(SHOWN_NAMES);
    let names = if names.is_empty() { "nobody".into() } else { names.join(", ") };
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let issuer = own_name(&issuer).map_or_else(|| "an issuer without a name".into(), |issuer| format!("\"{issuer}\""));
    Some(format!("certificate for {names}{more}, issued by {issuer}, valid from {from} to {until}"))
}

/// The day on which a certificate (DER) ends, or none where it cannot be read.
pub(super) fn end(der: &[u8]) -> Option<NaiveDate> {
    let mut fields = Der(der).inside(SEQUENCE)?.inside(SEQUENCE)?;
    let (first, _) = fields.next()?;
    if first == INTEGER_OR_VERSION[1] {
        fields.expect(INTEGER_OR_VERSION[0])?;
    }
    fields.expect(SEQUENCE)?;
    fields.expect(SEQUENCE)?;
    let mut validity = Der(fields.expect(SEQUENCE)?);
    validity.next()?;
    date(validity.next()?)?.parse().ok()
}

/// A reader over the elements of one DER value: the tag and the content of each.
#[derive(Clone)]
struct Der<'a>(&'a [u8]);

impl<'a> Iterator for Der<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[tag, length], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match length {
            ..=0x7f => (usize::from(length), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
                (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }
}

impl<'a> Der<'a> {
    fn expect(&mut self, expected: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == expected).map(|(_, content)| content)
    }

    fn inside(mut self, tag: u8) -> Option<Self> {
        self.expect(tag).map(Self)
    }
}

/// The common name, or else the organisation, of a subject or issuer.
fn own_name(name: &Der<'_>) -> Option<String> {
    let part = |wanted: &[u8]| {
        name.clone().filter(|(tag, _)| *tag == SET).find_map(|(_, set)| {
            let mut pair = Der(set).inside(SEQUENCE)?;
            let is_wanted = pair.expect(OBJECT_ID)? == wanted;
            let (_, value) = pair.next()?;
            is_wanted.then(|| text(value))
        })
    };
    part(COMMON_NAME).or_else(|| part(ORGANIZATION))
}

fn alternative_names(mut fields: Der<'_>) -> Option<Vec<String>> {
    let extensions = fields.find(|(tag, _)| *tag == EXTENSIONS)?.1;
    let names = Der(extensions).inside(SEQUENCE)?.find_map(|(_, extension)| {
        let mut parts = Der(extension);
        let is_wanted = parts.expect(OBJECT_ID)? == SUBJECT_ALT_NAME;
        let value = parts.find(|(tag, _)| *tag == OCTET_STRING)?.1;
        is_wanted.then(|| Der(value).inside(SEQUENCE)).flatten()
    })?;
    Some(names.filter_map(alternative_name).collect())
}

fn alternative_name((tag, value): (u8, &[u8])) -> Option<String> {
    match tag {
        DNS_NAME => Some(text(value)),
        IP_ADDRESS => <[u8; 4]>::try_from(value)
            .map(IpAddr::from)
            .or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from))
            .ok()
            .map(|address| address.to_string()),
        _ => None,
    }
}

/// The day of a time, such as 2026-11-24.
fn date((tag, value): (u8, &[u8])) -> Option<String> {
    let digits = std::str::from_utf8(value).ok().filter(|digits| digits.is_ascii())?;
    let (year, rest) = match tag {
        // Two digits: 50 to 99 are of the last century.
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            (Cow::Owned(format!("{}{year}", if year < "50" { "20" } else { "19" })), rest)
        }
        GENERALIZED_TIME => digits.split_at_checked(4).map(|(year, rest)| (Cow::Borrowed(year), rest))?,
        _ => return None,
    };
    Some(format!("{year}-{}-{}", rest.get(..2)?, rest.get(2..4)?))
}

/// Foreign text made safe to show on one line.
fn text(value: &[u8]) -> String {
    let clean = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    String::from_utf8_lossy(value).chars().take(SHOWN_LETTERS).map(clean).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd};

    use super::*;

    fn certificate(names: &[&str], common_name: &str) -> Vec<u8> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.not_before = date_time_ymd(1999, 1, 2);
        params.not_after = date_time_ymd(2061, 12, 31);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn names_issuer_and_dates_are_told() {
        assert_eq!(
            describe(&certificate(&["a.example.com", "*.example.com", "192.0.2.7", "2001:db8::7"], "Receiver"))
                .unwrap(),
            "certificate for a.example.com, *.example.com, 192.0.2.7, 2001:db8::7, issued by \"Receiver\", valid from 1999-01-02 to 2061-12-31"
        );
    }

    #[test]
    fn a_certificate_without_alternative_names_is_told_by_its_common_name() {
        let told = describe(&certificate(&[], "old.example.com\r\nX")).unwrap();
        assert!(told.starts_with("certificate for old.example.com\u{fffd}\u{fffd}X, issued"), "{told}");
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<_> = (0..25).map(|number| format!("n{number}.example.com")).collect();
        let mut params = CertificateParams::default();
        params.subject_alt_names =
            names.iter().map(|name| SanType::DnsName(name.as_str().try_into().unwrap())).collect();
        let told = describe(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der()).unwrap();
        assert!(told.contains("n9.example.com and 15 more, issued"), "{told}");
    }

    proptest! {
        #[test]
        fn damaged_certificates_are_read_without_a_panic(place in 0_usize..400, byte: u8, cut in 0_usize..500) {
            let mut der = certificate(&["a.example.com"], "Receiver");
            let place = place % der.len();
            der[place] = byte;
            let _ = describe(&der);
            let _ = describe(&der[..cut.min(der.len())]);
        }
    }
}
