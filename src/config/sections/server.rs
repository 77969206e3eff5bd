//! Where we listen, and by what name the world knows us.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use url::Url;

use crate::config::domain::Domain;
use crate::config::reader::{Reader, quoted, quoted_list};

#[derive(Clone, Debug)]
pub struct Server {
    pub host: IpAddr,
    /// 0 takes any free port.
    pub port: u16,
    /// 0 for one per core.
    pub workers: usize,
    pub cors_origins: Vec<String>,
    /// Proxies ahead of us that write `X-Forwarded-For`.
    pub trusted_hops: usize,
    /// For the head of a request to come, and for its body.
    pub client_timeout: Duration,
    /// How long a connection may wait for its next request; zero: it has one alone.
    pub keep_alive: Duration,
    /// Of each thread; more wait to be taken.
    pub max_connections: usize,
    /// Time to hand calls over after SIGTERM.
    pub drain: Duration,
}

#[derive(Clone, Debug)]
pub struct Public {
    pub domain: Option<Domain>,
}

impl Server {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            host: host(reader),
            port: reader.number("server.port", 0..=u16::MAX),
            workers: reader.number("server.workers", 0..=1024),
            cors_origins: cors_origins(reader),
            trusted_hops: trusted_hops(reader),
            client_timeout: reader.millis("server.client_timeout_ms", 100..=60_000),
            keep_alive: reader.seconds("server.keep_alive_seconds", 0..=3600),
            max_connections: reader.number("server.max_connections", 16..=1_000_000),
            drain: reader.seconds("server.drain_seconds", 0..=3600),
        }
    }

    /// Where this machine reaches us: who listens everywhere, listens on it too.
    #[must_use]
    pub fn from_here(&self) -> SocketAddr {
        let host = if self.host.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { self.host };
        SocketAddr::new(host, self.port)
    }
}

impl Public {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        let key = "public.domain";
        let parsed = reader.parsed(key, "name the public host without scheme and path, such as voice.example.com", |text| {
            Domain::parse(text).map_err(|error| format!("is {error}"))
        });
        if let Some((domain, true)) = &parsed {
            reader.warn(format!("{}: scheme and slash are taken off, {domain} is used", reader.variable(key)));
        }
        let domain = parsed.map(|(domain, _)| domain);
        reader.show(key, quoted(domain.as_ref().map_or("", Domain::as_str)));
        Self { domain }
    }
}

fn host(reader: &mut Reader<'_>) -> IpAddr {
    let key = "server.host";
    let fix = "write 127.0.0.1 for this machine alone, or 0.0.0.0 for every address";
    let host = reader.parsed(key, fix, |text| text.parse::<IpAddr>().map_err(|_| format!("{} is not an IP address", quoted(text))));
    let host = host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    reader.show(key, quoted(&host.to_string()));
    host
}

fn trusted_hops(reader: &mut Reader<'_>) -> usize {
    let key = "server.trusted_hops";
    let hops = reader.number(key, 0..=16);
    if hops == 0 && reader.on_platform {
        reader
            .warn(format!("{} is 0, and this platform is a proxy: limits per address hold for all clients together", reader.variable(key)));
    }
    hops
}

fn cors_origins(reader: &mut Reader<'_>) -> Vec<String> {
    let key = "server.cors_origins";
    let origins = reader.list(key);
    for (n, _) in origins.iter().enumerate().filter(|(_, origin)| !is_origin(origin)) {
        reader.note(
            key,
            &format!("entry {} is not an origin", n + 1),
            "write scheme and host as browsers send them, such as https://app.example.com",
        );
    }
    reader.show(key, quoted_list(&origins));
    origins
}

/// As browsers spell it: RFC 6454 section 6.2.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == text)
}
