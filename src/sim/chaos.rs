//! A bad network between any two parties: a TCP proxy whose ways are long, uneven, narrow, choppy, silent or broken off.
//!
//! What is wrong may change at any moment, also for connections that are open. The names are those of Toxiproxy's toxics.
//! <https://github.com/Shopify/toxiproxy#toxics>

mod way;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use super::random::SplitMix;
use way::{Way, carry};

/// What is wrong with a way; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toxics {
    /// Every piece is under way for so long, and up to `jitter` longer. Pieces do not overtake each other.
    pub latency: Duration,
    pub jitter: Duration,
    /// No more than so many bytes a second get through.
    pub bandwidth: Option<u32>,
    /// Pieces have no more than so many bytes.
    pub slicer: Option<usize>,
    /// Nothing gets through, and nobody is told; what was sent meanwhile follows when it is over.
    pub black_hole: bool,
    /// The connection is closed after so many bytes.
    pub limit_data: Option<u64>,
    /// The end of a connection is told so much later.
    pub slow_close: Duration,
}

/// Both ways of every connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// From who connects to whom they want.
    pub up: Toxics,
    pub down: Toxics,
}

impl Weather {
    /// The same in both directions.
    #[must_use]
    pub const fn both(toxics: Toxics) -> Self {
        Self { up: toxics, down: toxics }
    }
}

/// The proxy; it ends, with all its connections, when it is dropped.
pub struct ChaosProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<(oneshot::Sender<()>, JoinHandle<io::Result<()>>)>,
}

struct Shared {
    upstream: Mutex<SocketAddr>,
    weather: watch::Sender<Weather>,
    /// Counts up: connections that are older are reset.
    resets: watch::Sender<u64>,
    random: Mutex<SplitMix>,
}

impl ChaosProxy {
    /// On a free port of 127.0.0.1, in front of `upstream`; what is left to chance follows from `seed`.
    pub fn start(upstream: SocketAddr, weather: Weather, seed: u64) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            weather: watch::Sender::new(weather),
            resets: watch::Sender::new(0),
            random: Mutex::new(SplitMix::new(seed)),
        });
        let (stop, stopped) = oneshot::channel();
        let on_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("chaos-proxy".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async move {
                tokio::select! {
                    ended = accept(TcpListener::from_std(listener)?, on_thread) => ended,
                    _ = stopped => Ok(()),
                }
            })
        })?;
        Ok(Self { address, shared, thread: Some((stop, thread)) })
    }

    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, for all connections.
    pub fn set(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// Whom connections from now on reach.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    /// Breaks every connection off, as a router does that lost its memory: with RST.
    pub fn reset_peers(&self) {
        self.shared.resets.send_modify(|resets| *resets += 1);
    }

    /// Connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        // Each has one listener for resets, and the proxy none.
        self.shared.resets.receiver_count()
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    loop {
        let (client, _) = listener.accept().await?;
        let upstream = *shared.upstream.lock().unwrap_or_else(PoisonError::into_inner);
        let seed = shared.random.lock().unwrap_or_else(PoisonError::into_inner).below(u64::MAX);
        tokio::spawn(connect(client, upstream, seed, shared.weather.subscribe(), shared.resets.subscribe()));
    }
}

async fn connect(client: TcpStream, upstream: SocketAddr, seed: u64, weather: watch::Receiver<Weather>, mut resets: watch::Receiver<u64>) {
    let Ok(server) = TcpStream::connect(upstream).await else { return reset(&client) };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client, server) = (Arc::new(client), Arc::new(server));
    let up = Way { weather: weather.clone(), toxics: |weather| weather.up, random: SplitMix::new(seed) };
    let down = Way { weather, toxics: |weather| weather.down, random: SplitMix::new(seed.wrapping_add(1)) };
    let both = async { tokio::join!(carry(&client, &server, up), carry(&server, &client, down)) };
    tokio::select! {
        _ = both => {}
        _ = resets.changed() => {
            reset(&client);
            reset(&server);
        }
    }
}

/// Its end will be an RST. RFC 9293 section 3.10.7.4
fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests;
