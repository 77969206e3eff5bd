//! Whose request it is, by address. Pure.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// An address, of IPv6 the network that one customer has: the first 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::http) struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The peer of the socket; behind `trusted_hops` proxies the address that the outermost of them saw, as they write it one after
    /// the other into `X-Forwarded-For`. What stands to the left of that anybody can write. A request that did not pass through all
    /// of them has its peer's.
    pub(in crate::http) fn of<'a>(peer: Option<IpAddr>, forwarded: impl Iterator<Item = &'a str>, trusted_hops: usize) -> Self {
        let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
        let seen = trusted_hops.checked_sub(1).and_then(|before| hops.into_iter().rev().nth(before)).and_then(parsed);
        Self::network(seen.or(peer).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
    }

    fn network(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
        }
    }
}

/// Some proxies add the port.
fn parsed(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "10.0.0.1";

    #[track_caller]
    fn assert_client(forwarded: &[&str], trusted_hops: usize, expected: &str) {
        let peer = PEER.parse().expect("an address");

        let client = ClientAddress::of(Some(peer), forwarded.iter().copied(), trusted_hops);

        assert_eq!(client.0.to_string(), expected, "{forwarded:?} behind {trusted_hops}");
    }

    #[test]
    fn without_a_proxy_nothing_but_the_socket_counts() {
        for forwarded in [&[][..], &["1.1.1.1"], &["1.1.1.1, 2.2.2.2"], &["10.0.0.9", "::1"], &["garbage"]] {
            assert_client(forwarded, 0, PEER);
        }
    }

    #[test]
    fn behind_one_proxy_its_word_counts_whatever_the_client_wrote_before() {
        assert_client(&["203.0.113.7"], 1, "203.0.113.7");
        assert_client(&["1.1.1.1, 203.0.113.7"], 1, "203.0.113.7");
        assert_client(&["1.1.1.1,2.2.2.2 ,  203.0.113.7"], 1, "203.0.113.7");
        assert_client(&["127.0.0.1", "203.0.113.7"], 1, "203.0.113.7");
        assert_client(&["unknown, garbage, 203.0.113.7"], 1, "203.0.113.7");
        assert_client(&[", ,,203.0.113.7"], 1, "203.0.113.7");
    }

    #[test]
    fn behind_two_the_word_of_the_outer_one_counts() {
        assert_client(&["203.0.113.7, 10.0.0.2"], 2, "203.0.113.7");
        assert_client(&["1.1.1.1, 203.0.113.7, 10.0.0.2"], 2, "203.0.113.7");
        assert_client(&["1.1.1.1", "203.0.113.7", "10.0.0.2"], 2, "203.0.113.7");
        assert_client(&["1.1.1.1, 203.0.113.7", "10.0.0.2"], 2, "203.0.113.7");
    }

    #[test]
    fn what_did_not_pass_through_all_of_them_has_its_peers_address() {
        assert_client(&[], 1, PEER);
        assert_client(&["1.1.1.1"], 2, PEER);
        assert_client(&["1.1.1.1, 2.2.2.2"], 3, PEER);
        assert_client(&["203.0.113.7, unknown"], 1, PEER);
        assert_client(&["203.0.113.7,"], 1, PEER);
        assert_client(&["1.1.1.1, _hidden, 10.0.0.2"], 2, PEER);
        assert_client(&["1.1.1.1"], usize::MAX, PEER);
    }

    #[test]
    fn a_port_is_no_part_of_an_address() {
        assert_client(&["203.0.113.7:4711"], 1, "203.0.113.7");
        assert_client(&["[2001:db8:1:2:3:4:5:6]:443"], 1, "2001:db8:1:2::");
        assert_client(&["[2001:db8:1:2:3:4:5:6]"], 1, "2001:db8:1:2::");
    }

    #[test]
    fn of_ipv6_the_first_64_bits_count_and_ipv4_in_its_dress_is_ipv4() {
        assert_client(&["2001:db8:1:2:aaaa::1"], 1, "2001:db8:1:2::");
        assert_client(&["2001:db8:1:2:bbbb:ffff:0:9"], 1, "2001:db8:1:2::");
        assert_client(&["2001:db8:1:3::1"], 1, "2001:db8:1:3::");
        assert_client(&["::ffff:203.0.113.7"], 1, "203.0.113.7");
    }
}
