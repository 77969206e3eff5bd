//! One direction of one connection.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};

use super::{Toxics, Weather};
use crate::sim::random::SplitMix;

/// Read at once, and held at most for one way: a window that is full holds up whoever sends.
const PIECE: usize = 16 * 1024;
const WINDOW: usize = 256 * 1024;

pub(super) struct Way {
    pub(super) weather: watch::Receiver<Weather>,
    pub(super) toxics: fn(&Weather) -> Toxics,
    pub(super) random: SplitMix,
}

/// What is under way, and when each piece arrives.
#[derive(Default)]
struct Pipe {
    pieces: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    /// The sender has said its last.
    ended: bool,
}

/// Carries bytes from one end to the other until there are no more.
pub(super) async fn carry(from: &TcpStream, to: &TcpStream, mut way: Way) -> io::Result<()> {
    let (mut pipe, mut carried) = (Pipe::default(), 0_u64);
    let mut buffer = vec![0; PIECE];
    loop {
        let toxics = (way.toxics)(&way.weather.borrow_and_update());
        if pipe.ended && pipe.pieces.is_empty() {
            sleep(toxics.slow_close).await;
            return shut(to);
        }
        let due = pipe.pieces.front().map(|(due, _)| *due);
        let is_open = !pipe.ended && pipe.bytes < WINDOW;
        tokio::select! {
            biased;
            // What is wrong now may not be wrong in a moment, and the other way round.
            changed = way.weather.changed() => if changed.is_err() { return Ok(()) },
            () = arrival(due, toxics) => {
                let piece = within(pipe.pop(), toxics.limit_data, carried);
                carried += u64::try_from(piece.len()).unwrap_or(u64::MAX);
                put(to, &piece, toxics).await?;
                if toxics.limit_data.is_some_and(|limit| carried >= limit) {
                    return shut(to);
                }
            }
            read = readable(from, &mut buffer, is_open, toxics) => {
                let delay = toxics.latency + way.random.up_to(toxics.jitter);
                pipe.push(buffer.get(..read?).unwrap_or_default(), delay);
            }
        }
    }
}

impl Pipe {
    fn push(&mut self, piece: &[u8], delay: Duration) {
        if piece.is_empty() {
            self.ended = true;
            return;
        }
        let last = self.pieces.back().map(|(due, _)| *due);
        let due = Instant::now() + delay;
        self.bytes += piece.len();
        self.pieces.push_back((last.map_or(due, |last| last.max(due)), piece.to_vec()));
    }

    fn pop(&mut self) -> Vec<u8> {
        let piece = self.pieces.pop_front().map(|(_, piece)| piece).unwrap_or_default();
        self.bytes -= piece.len();
        piece
    }
}

/// When the time of the next piece has come.
async fn arrival(due: Option<Instant>, toxics: Toxics) {
    match due.filter(|_| !toxics.black_hole) {
        Some(due) => sleep_until(due.into()).await,
        None => pending().await,
    }
}

async fn readable(from: &TcpStream, buffer: &mut [u8], is_open: bool, toxics: Toxics) -> io::Result<usize> {
    if !is_open || toxics.black_hole {
        return pending().await;
    }
    loop {
        from.readable().await?;
        match from.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

fn within(mut piece: Vec<u8>, limit: Option<u64>, carried: u64) -> Vec<u8> {
    if let Some(limit) = limit {
        piece.truncate(usize::try_from(limit.saturating_sub(carried)).unwrap_or(usize::MAX));
    }
    piece
}

async fn put(to: &TcpStream, piece: &[u8], toxics: Toxics) -> io::Result<()> {
    for slice in piece.chunks(toxics.slicer.unwrap_or(usize::MAX).max(1)) {
        write(to, slice).await?;
        if let Some(rate) = toxics.bandwidth {
            sleep(Duration::from_secs(1).mul_f64(slice.len() as f64 / f64::from(rate.max(1)))).await;
        } else if toxics.slicer.is_some() {
            // So that they leave one by one.
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

async fn write(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// No more will come this way.
fn shut(to: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(to).shutdown(std::net::Shutdown::Write)
}
