//! Which addresses no request may reach: the special ranges of IPv4, and of IPv6 all but global unicast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// This machine itself.
    Loopback,
    /// "This network", which most systems take as this machine.
    ThisNetwork,
    /// A private network.
    Private,
    /// Link-local, where clouds serve the credentials of a machine.
    LinkLocal,
    /// Shared behind the address translation of a provider.
    Shared,
    /// Set aside for protocols.
    Ietf,
    /// For documentation only.
    Documentation,
    /// For benchmarks only.
    Benchmark,
    /// The old 6to4 relays.
    SixToFourRelay,
    /// IPv6 with an IPv4 address inside (6to4).
    SixToFour,
    /// More than one receiver.
    Multicast,
    /// Reserved, or broadcast.
    Reserved,
    /// A cloud platform's own service.
    Platform,
    /// IPv6, but not global unicast.
    NotGlobalV6,
    /// An address of a network interface of this machine.
    Own,
    /// In a network that the settings deny.
    Denied,
}

impl Class {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::ThisNetwork => "this-network",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Shared => "shared",
            Self::Ietf => "ietf",
            Self::Documentation => "doc",
            Self::Benchmark => "bench",
            Self::SixToFourRelay => "6to4-relay",
            Self::SixToFour => "6to4",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Platform => "platform",
            Self::NotGlobalV6 => "v6-not",
            Self::Own => "own-address",
            Self::Denied => "denied-network",
        }
    }

    /// What the address is, to follow "is".
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::Loopback => "a loopback address, which means this machine itself",
            Self::ThisNetwork => "an address of \"this network\", which means this machine itself",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address, where clouds hand out a machine's credentials",
            Self::Shared => "an address shared behind a provider",
            Self::Ietf => "an address set aside for protocols",
            Self::Documentation => "an address for documentation only",
            Self::Benchmark => "an address for benchmarks only",
            Self::SixToFourRelay => "an address of the retired 6to4 relays",
            Self::SixToFour => "a 6to4 address, which hides an IPv4 address",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved or broadcast address",
            Self::Platform => "a cloud platform's own service address",
            Self::NotGlobalV6 => "no global IPv6 address",
            Self::Own => "an address of this machine",
            Self::Denied => "in a network that EGRESS_DENY names",
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8) -> u32 {
    Ipv4Addr::new(a, b, c, d).to_bits()
}

/// IPv4 is open except for the registry of special-purpose addresses and one platform service.
const V4_REFUSED: [(u32, u32, Class); 20] = [
    (v4(0, 0, 0, 0), 8, Class::ThisNetwork),
    (v4(10, 0, 0, 0), 8, Class::Private),
    (v4(100, 64, 0, 0), 10, Class::Shared),
    (v4(127, 0, 0, 0), 8, Class::Loopback),
    (v4(168, 63, 129, 16), 32, Class::Platform),
    (v4(169, 254, 0, 0), 16, Class::LinkLocal),
    (v4(172, 16, 0, 0), 12, Class::Private),
    (v4(192, 0, 0, 0), 24, Class::Ietf),
    (v4(192, 0, 2, 0), 24, Class::Documentation),
    (v4(192, 31, 196, 0), 24, Class::Ietf),
    (v4(192, 52, 193, 0), 24, Class::Ietf),
    (v4(192, 88, 99, 0), 24, Class::SixToFourRelay),
    (v4(192, 168, 0, 0), 16, Class::Private),
    (v4(192, 175, 48, 0), 24, Class::Ietf),
    (v4(198, 18, 0, 0), 15, Class::Benchmark),
    (v4(198, 51, 100, 0), 24, Class::Documentation),
    (v4(203, 0, 113, 0), 24, Class::Documentation),
    (v4(224, 0, 0, 0), 4, Class::Multicast),
    (v4(240, 0, 0, 0), 4, Class::Reserved),
    (v4(255, 255, 255, 255), 32, Class::Reserved),
];

const fn v6(a: u16, b: u16, c: u16) -> u128 {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_bits()
}

/// Global unicast, the only part of IPv6 that is open, except for what stands in [`V6_REFUSED`].
const V6_OPEN: (u128, u32) = (v6(0x2000, 0, 0), 3);
const V6_REFUSED: [(u128, u32, Class); 5] = [
    (v6(0x2001, 0, 0), 23, Class::Ietf),
    (v6(0x2001, 0xdb8, 0), 32, Class::Documentation),
    (v6(0x2002, 0, 0), 16, Class::SixToFour),
    (v6(0x2620, 0x4f, 0x8000), 48, Class::Ietf),
    (v6(0x3fff, 0, 0), 20, Class::Documentation),
];

/// The class for which an address is refused, or none where it is open; takes [`canonical`] addresses.
pub(super) fn class_of(address: IpAddr) -> Option<Class> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            let within = |network: u32, length: u32| (bits ^ network).leading_zeros() >= length;
            V4_REFUSED.iter().find(|(network, length, _)| within(*network, *length)).map(|(.., class)| *class)
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let within = |network: u128, length: u32| (bits ^ network).leading_zeros() >= length;
            if !within(V6_OPEN.0, V6_OPEN.1) {
                return Some(Class::NotGlobalV6);
            }
            V6_REFUSED.iter().find(|(network, length, _)| within(*network, *length)).map(|(.., class)| *class)
        }
    }
}

/// The address as the system will use it: `::ffff:a.b.c.d` is `a.b.c.d`.
pub(super) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The IPv4 address that a NAT64 gateway would reach through this address, or the address itself.
///
/// For answers of the resolver only: on a network that has DNS64 each IPv4-only name answers so.
pub(super) fn through_nat64(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(inner) => match inner.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
            }
            _ => address,
        },
        IpAddr::V4(_) => address,
    }
}

/// Whether the address belongs to an interface of this machine.
///
/// A connected UDP socket sends nothing, but the system chooses its source: towards an own address that is the address
/// itself. So the answer is always of this moment, without a list of interfaces that grows old.
pub(super) fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let source = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(SocketAddr::new(address, 9))?;
        socket.local_addr()
    });
    source.is_ok_and(|source| source.ip() == address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The refused ranges, written out a second time by their ends, as people know them.
    const RANGES: &[(&str, &str, &str)] = &[
        ("0.0.0.0", "0.255.255.255", "this-network"),
        ("10.0.0.0", "10.255.255.255", "private"),
        ("100.64.0.0", "100.127.255.255", "shared"),
        ("127.0.0.0", "127.255.255.255", "loopback"),
        ("168.63.129.16", "168.63.129.16", "platform"),
        ("169.254.0.0", "169.254.255.255", "link-local"),
        ("172.16.0.0", "172.31.255.255", "private"),
        ("192.0.0.0", "192.0.0.255", "ietf"),
        ("192.0.2.0", "192.0.2.255", "doc"),
        ("192.31.196.0", "192.31.196.255", "ietf"),
        ("192.52.193.0", "192.52.193.255", "ietf"),
        ("192.88.99.0", "192.88.99.255", "6to4-relay"),
        ("192.168.0.0", "192.168.255.255", "private"),
        ("192.175.48.0", "192.175.48.255", "ietf"),
        ("198.18.0.0", "198.19.255.255", "bench"),
        ("198.51.100.0", "198.51.100.255", "doc"),
        ("203.0.113.0", "203.0.113.255", "doc"),
        ("224.0.0.0", "239.255.255.255", "multicast"),
        ("240.0.0.0", "255.255.255.255", "reserved"),
        ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "v6-not"),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "ietf"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "doc"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"),
        ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "ietf"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "doc"),
        ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "v6-not"),
    ];

    fn bits(address: &str) -> (bool, u128) {
        match address.parse().unwrap() {
            IpAddr::V4(address) => (true, u128::from(address.to_bits())),
            IpAddr::V6(address) => (false, address.to_bits()),
        }
    }

    fn address(is_v4: bool, bits: u128) -> IpAddr {
        if is_v4 {
            IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap()))
        } else {
            Ipv6Addr::from_bits(bits).into()
        }
    }

    fn code(address: IpAddr) -> Option<&'static str> {
        class_of(canonical(address)).map(Class::code)
    }

    fn expected(address: IpAddr) -> Option<&'static str> {
        let (is_v4, value) = bits(&address.to_string());
        RANGES
            .iter()
            .find(|(first, last, _)| bits(first).0 == is_v4 && (bits(first).1..=bits(last).1).contains(&value))
            .map(|(.., code)| *code)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn every_address_of_a_refused_range_is_refused_also_in_its_mapped_form(
            range in 0..RANGES.len(), offset: u128,
        ) {
            let (first, last, expected) = RANGES[range];
            let (is_v4, low) = bits(first);
            let span = bits(last).1 - low;
            let address = address(is_v4, low + span.checked_add(1).map_or(offset, |count| offset % count));
            // The mapped form of IPv4 lies inside ::/3 but means IPv4.
            let mapped = matches!(address, IpAddr::V6(inner) if inner.to_ipv4_mapped().is_some());
            prop_assume!(!mapped);
            prop_assert_eq!(code(address), Some(expected), "{}", address);
            if let IpAddr::V4(inner) = address {
                prop_assert_eq!(code(inner.to_ipv6_mapped().into()), Some(expected), "mapped {}", address);
            }
        }

        #[test]
        fn no_other_ipv4_address_is_refused(value: u32) {
            let address = IpAddr::V4(Ipv4Addr::from_bits(value));
            prop_assert_eq!(code(address), expected(address));
        }

        #[test]
        fn no_other_global_ipv6_address_is_refused(value: u128) {
            let address = IpAddr::V6(Ipv6Addr::from_bits(value >> 3 | 1 << 125));
            prop_assert_eq!(code(address), expected(address));
        }
    }

    #[test]
    fn the_addresses_beside_a_refused_range_belong_to_their_own_range() {
        for (first, last, _) in RANGES {
            let (is_v4, low) = bits(first);
            let high = bits(last).1;
            let top = if is_v4 { u128::from(u32::MAX) } else { u128::MAX };
            let beside = [low.checked_sub(1), Some(high).filter(|high| *high < top).map(|high| high + 1)];
            for value in [Some(low), Some(high)].into_iter().chain(beside).flatten() {
                let address = address(is_v4, value);
                if canonical(address) == address {
                    assert_eq!(code(address), expected(address), "{address}");
                }
            }
        }
    }

    #[test]
    fn only_the_well_known_nat64_prefix_is_decoded() {
        let decoded = |text: &str| through_nat64(text.parse().unwrap()).to_string();
        assert_eq!(decoded("64:ff9b::7f00:1"), "127.0.0.1");
        assert_eq!(decoded("64:ff9b::808:808"), "8.8.8.8");
        assert_eq!(decoded("64:ff9b:1::808:808"), "64:ff9b:1::808:808");
        assert_eq!(decoded("10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn an_address_of_this_machine_is_known_as_its_own() {
        assert!(is_own(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_own(Ipv4Addr::new(93, 184, 216, 34).into()));
    }
}
