//! Which addresses may be reached. A name is asked for once, and what was checked is what is connected to.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use url::{Host, Url};

type Found = BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// The addresses of a host.
#[derive(Clone)]
pub struct Names(Arc<dyn Fn(String, u16) -> Found + Send + Sync>);

impl Names {
    pub fn new(lookup: impl Fn(String, u16) -> Found + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }
}

impl Default for Names {
    /// As the operating system knows them.
    fn default() -> Self {
        Self::new(|host, port| async move { tokio::net::lookup_host((host, port)).await.map(Iterator::collect) }.boxed())
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

/// How far a tool reaches.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    pub names: Names,
    /// This host too, also without TLS: for development and simulation alone.
    pub loopback: bool,
}

/// Why a server is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    #[error("its address is not https")]
    NotHttps,
    #[error("its address is not a public one")]
    NotPublic,
    #[error("its name is not known")]
    Unknown,
}

impl Reach {
    /// To the internet; outside of production to this host too.
    #[must_use]
    pub fn within(production: bool) -> Self {
        Self { loopback: !production, ..Self::default() }
    }

    /// The addresses to connect to. One that may not be reached spoils all of them: a name has no business with such.
    pub(super) async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, Unreachable> {
        let port = url.port_or_known_default().ok_or(Unreachable::NotHttps)?;
        let mut found = match url.host().ok_or(Unreachable::Unknown)? {
            Host::Ipv4(ip) => vec![SocketAddr::new(ip.into(), port)],
            Host::Ipv6(ip) => vec![SocketAddr::new(ip.into(), port)],
            Host::Domain(name) => (self.names.0)(name.to_owned(), port).await.map_err(|_| Unreachable::Unknown)?,
        };
        if found.is_empty() {
            return Err(Unreachable::Unknown);
        }
        let is_here = |address: &SocketAddr| self.loopback && address.ip().is_loopback();
        if !found.iter().all(|address| is_here(address) || is_public(address.ip())) {
            return Err(Unreachable::NotPublic);
        }
        match url.scheme() {
            "https" => {}
            "http" if found.iter().all(is_here) => {}
            _ => return Err(Unreachable::NotHttps),
        }
        found.sort_by_key(SocketAddr::is_ipv6);
        Ok(found)
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// <https://www.iana.org/assignments/iana-ipv4-special-registry>
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        [0 | 10 | 127 | 224.., ..] => true,
        [100, second, ..] => (64..128).contains(&second),
        [169, 254, ..] | [192, 168, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        _ => false,
    };
    !special
}

/// Of what is routed (2000::/3) all but documentation, benchmarks and tunnels; an IPv4 address in any wrapping is outside of it.
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let routed = first & 0xE000 == 0x2000;
    let special = match (first, second) {
        (0x2001, second) => second < 0x0200 || second == 0x0DB8,
        (0x2002, _) => true,
        (0x3FFF, second) => second < 0x1000,
        _ => false,
    };
    routed && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORBIDDEN: [&str; 44] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "169.254.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ];

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().expect("an address"), 443)).collect()
    }

    /// A name server that knows one answer.
    fn reach(found: Vec<SocketAddr>, loopback: bool) -> Reach {
        Reach { names: Names::new(move |_, _| std::future::ready(Ok(found.clone())).boxed()), loopback }
    }

    async fn resolve(reach: &Reach, url: &str) -> Result<Vec<SocketAddr>, Unreachable> {
        reach.resolve(&Url::parse(url).expect("a url")).await
    }

    #[tokio::test]
    async fn forbidden_addresses_are_not_reached_by_number_or_by_name() {
        for ip in FORBIDDEN {
            let literal = if ip.contains(':') { format!("https://[{ip}]/") } else { format!("https://{ip}/") };
            assert_eq!(resolve(&Reach::default(), &literal).await, Err(Unreachable::NotPublic), "{literal}");
            let named = reach(addresses(&[ip]), false);
            assert_eq!(resolve(&named, "https://example.com/").await, Err(Unreachable::NotPublic), "{ip}");
        }
    }

    #[tokio::test]
    async fn other_spellings_of_an_address_are_the_same_address() {
        for host in ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "%31%32%37.0.0.1", "[::ffff:7f00:1]", "169.254.43518"] {
            assert_eq!(resolve(&Reach::default(), &format!("https://{host}/")).await, Err(Unreachable::NotPublic), "{host}");
        }
    }

    #[tokio::test]
    async fn one_forbidden_address_among_others_spoils_the_name() {
        let mixed = reach(addresses(&["8.8.8.8", "10.0.0.1"]), false);

        assert_eq!(resolve(&mixed, "https://example.com/").await, Err(Unreachable::NotPublic));
    }

    #[tokio::test]
    async fn public_addresses_are_reached_by_https_and_the_older_kind_first() {
        let public = reach(addresses(&["2606:4700::1111", "1.1.1.1"]), false);

        assert_eq!(resolve(&public, "https://example.com/").await, Ok(addresses(&["1.1.1.1", "2606:4700::1111"])));
        assert_eq!(resolve(&public, "http://example.com/").await, Err(Unreachable::NotHttps));
        assert_eq!(resolve(&public, "ftp://example.com/").await, Err(Unreachable::NotHttps));
    }

    #[tokio::test]
    async fn this_host_is_reached_only_where_it_is_allowed() {
        let here = addresses(&["127.0.0.1"]);

        assert_eq!(resolve(&reach(here.clone(), false), "https://localhost/").await, Err(Unreachable::NotPublic));
        assert_eq!(resolve(&reach(here.clone(), true), "http://localhost:443/").await, Ok(here));
        assert_eq!(resolve(&reach(Vec::new(), true), "http://10.0.0.1/").await, Err(Unreachable::NotPublic));
        assert_eq!(resolve(&reach(addresses(&["127.0.0.1", "1.1.1.1"]), true), "http://localhost/").await, Err(Unreachable::NotHttps));
    }

    #[tokio::test]
    async fn the_systems_own_name_of_this_host_is_no_way_in() {
        assert_eq!(resolve(&Reach::default(), "https://localhost/").await, Err(Unreachable::NotPublic));
    }
}
