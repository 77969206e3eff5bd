//! Frames that announce too much are not waited for: the parser behind would gather all of such a frame before it refused it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;

/// Passes the bytes of a WebSocket on, up to the first frame of more than so many bytes: there it ends with `Overflow`.
pub(super) struct BoundedFrames<S> {
    bytes: S,
    max: u64,
    reader: HeaderReader,
}

impl<S> BoundedFrames<S> {
    pub(super) fn new(bytes: S, max: usize) -> Self {
        Self { bytes, max: max as u64, reader: HeaderReader::default() }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for BoundedFrames<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.bytes).poll_next(context));
        let max = self.max;
        Poll::Ready(match next {
            Some(Ok(bytes)) if self.reader.longest(&bytes) > max => Some(Err(PayloadError::Overflow)),
            next => next,
        })
    }
}

/// Reads the headers of frames, wherever the bytes are cut. RFC 6455 section 5.2
#[derive(Debug, Default)]
struct HeaderReader {
    header: Vec<u8>,
    /// Bytes of the payload that are still to come.
    payload: u64,
}

impl HeaderReader {
    /// The longest payload that a header which ends in `bytes` announces.
    fn longest(&mut self, mut bytes: &[u8]) -> u64 {
        let mut longest = 0;
        loop {
            let here = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
            self.payload -= here as u64;
            let Some((next, rest)) = bytes.get(here..).and_then(<[u8]>::split_first) else { return longest };
            self.header.push(*next);
            bytes = rest;
            if let Some(payload) = announced(&self.header) {
                self.header.clear();
                self.payload = payload;
                longest = longest.max(payload);
            }
        }
    }
}

/// The length of the payload, once the header is all there.
fn announced(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let wide = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let length = header.get(2..2 + wide).filter(|_| header.len() == 2 + wide + mask)?;
    Some(if wide == 0 { u64::from(second & 0x7F) } else { length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A masked text frame.
    fn frame(payload: usize) -> Vec<u8> {
        let mut bytes = vec![0x81];
        match payload {
            0..126 => bytes.push(0x80 | payload as u8),
            126..65_536 => {
                bytes.push(0xFE);
                bytes.extend((payload as u16).to_be_bytes());
            }
            _ => {
                bytes.push(0xFF);
                bytes.extend((payload as u64).to_be_bytes());
            }
        }
        bytes.extend([1, 2, 3, 4]);
        bytes.resize(bytes.len() + payload, 0xFF);
        bytes
    }

    #[test]
    fn a_length_is_known_with_the_last_byte_of_its_header() {
        let mut reader = HeaderReader::default();
        let bytes = frame(70_000);

        assert_eq!(reader.longest(&bytes[..13]), 0);
        assert_eq!(reader.longest(&bytes[13..14]), 70_000);
    }

    #[test]
    fn the_longest_length_there_is_is_no_surprise() {
        let mut reader = HeaderReader::default();

        assert_eq!(reader.longest(&[0x81, 0xFF, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, b'x']), u64::MAX);
    }

    proptest! {
        #[test]
        fn every_header_is_found_however_the_bytes_are_cut(
            payloads in proptest::collection::vec(prop_oneof![0_usize..300, 65_000..66_000_usize], 1..6),
            cut in 1_usize..5_000,
        ) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|payload| frame(*payload)).collect();
            let mut reader = HeaderReader::default();

            let longest = bytes.chunks(cut).map(|chunk| reader.longest(chunk)).max();

            prop_assert_eq!(longest, payloads.iter().max().map(|payload| *payload as u64));
            prop_assert_eq!((reader.payload, reader.header.len()), (0, 0));
        }
    }
}
