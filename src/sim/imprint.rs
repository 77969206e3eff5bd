//! Words hidden in audio: the lowest bit of each mu-law byte says what is being said, so that any
//! listener knows the text, and how far it came, from 20 ms on.
//!
//! Each whole frame is a block of 160 bits: mark, id and length of the text, place, six bytes of the text, checksum.

use crate::audio::{FRAME_BYTES, FRAME_MS};

const MARK: [u8; 2] = [0xA5, 0x3C];
/// Bytes of a block, and of the text in it.
const BLOCK: usize = FRAME_BYTES / 8;
const PIECE: usize = 6;

/// One frame of something said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The same in all blocks of a text.
    pub id: u32,
    /// Which frame of its text this is, and of how many.
    pub index: u16,
    pub blocks: u16,
    length: u16,
    piece: [u8; PIECE],
}

/// `audio` that says `text`. What is left of the last frame stays as it is.
#[must_use]
pub fn imprint(audio: &[u8], text: &str) -> Vec<u8> {
    let blocks = u16::try_from(audio.len() / FRAME_BYTES).unwrap_or(u16::MAX);
    let mut marked = audio.to_vec();
    for (index, frame) in (0..blocks).zip(marked.chunks_exact_mut(FRAME_BYTES)) {
        Block::of(text, index, blocks).write(frame);
    }
    marked
}

/// The frame of this number of an endless repetition of `text`.
pub fn imprint_frame(frame: &mut [u8], text: &str, index: u16) {
    Block::of(text, index, u16::MAX).write(frame);
}

impl Block {
    fn of(text: &str, index: u16, blocks: u16) -> Self {
        let bytes = text.as_bytes();
        let pieces = bytes.len().div_ceil(PIECE).max(1);
        let start = usize::from(index) % pieces * PIECE;
        let mut piece = [0; PIECE];
        let found = bytes.get(start..).unwrap_or_default();
        piece.iter_mut().zip(found).for_each(|(to, from)| *to = *from);
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        Self { id: hash(bytes), index, blocks, length, piece }
    }

    fn write(&self, frame: &mut [u8]) {
        let bytes = self.bytes();
        let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
        frame.iter_mut().zip(bits).for_each(|(sample, bit)| *sample = *sample & !1 | bit);
    }

    fn bytes(&self) -> [u8; BLOCK] {
        let mut body = Vec::with_capacity(BLOCK);
        body.extend(MARK);
        body.extend(self.id.to_le_bytes());
        for number in [self.index, self.blocks, self.length] {
            body.extend(number.to_le_bytes());
        }
        body.extend(self.piece);
        body.extend((hash(&body) as u16).to_le_bytes());
        let mut bytes = [0; BLOCK];
        bytes.iter_mut().zip(body).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The block that begins with this sample, if one does.
    #[must_use]
    pub fn read(audio: &[u8]) -> Option<Self> {
        let frame = audio.get(..FRAME_BYTES)?;
        let byte_at = |number: usize| {
            let samples = frame.get(number * 8..number * 8 + 8).unwrap_or_default();
            samples.iter().rev().fold(0_u8, |byte, sample| byte << 1 | sample & 1)
        };
        if [byte_at(0), byte_at(1)] != MARK {
            return None;
        }
        let word = |number: usize| u16::from_le_bytes([byte_at(number), byte_at(number + 1)]);
        let block = Self {
            id: u32::from_le_bytes([byte_at(2), byte_at(3), byte_at(4), byte_at(5)]),
            index: word(6),
            blocks: word(8),
            length: word(10),
            piece: std::array::from_fn(|at| byte_at(12 + at)),
        };
        (block.bytes().get(BLOCK - 2..) == Some(&word(18).to_le_bytes()[..])).then_some(block)
    }
}

/// The pieces of one text, as they come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    id: u32,
    pieces: Vec<Option<[u8; PIECE]>>,
    length: usize,
}

impl Gathered {
    #[must_use]
    pub fn of(block: &Block) -> Self {
        let length = usize::from(block.length);
        let mut gathered = Self { id: block.id, pieces: vec![None; length.div_ceil(PIECE)], length };
        gathered.add(block);
        gathered
    }

    pub fn add(&mut self, block: &Block) {
        let count = self.pieces.len().max(1);
        if let Some(piece) = self.pieces.get_mut(usize::from(block.index) % count) {
            *piece = Some(block.piece);
        }
    }

    /// The text as far as it is known: all of it, or how it begins.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes: Vec<u8> = self.pieces.iter().map_while(|piece| *piece).flatten().collect();
        bytes.truncate(self.length);
        String::from_utf8_lossy(&bytes).trim_end_matches('\u{FFFD}').to_owned()
    }
}

/// A text in some audio, and how many of its frames were found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub text: String,
    pub frames: usize,
    pub of: usize,
}

/// Every text in `audio`, in order; the same text again counts as one.
#[must_use]
pub fn read_all(audio: &[u8]) -> Vec<Found> {
    let mut found: Vec<(Gathered, Found)> = Vec::new();
    let mut rest = audio;
    while rest.len() >= FRAME_BYTES {
        let Some(block) = Block::read(rest) else {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        rest = rest.get(FRAME_BYTES..).unwrap_or_default();
        match found.iter_mut().find(|(gathered, _)| gathered.id == block.id) {
            Some((gathered, found)) => {
                gathered.add(&block);
                found.frames += 1;
            }
            None => {
                let first = Found { text: String::new(), frames: 1, of: block.blocks.into() };
                found.push((Gathered::of(&block), first));
            }
        }
    }
    found.into_iter().map(|(gathered, found)| Found { text: gathered.text(), ..found }).collect()
}

/// Milliseconds of so many frames.
#[must_use]
pub const fn frames_ms(frames: u16) -> u64 {
    frames as u64 * FRAME_MS
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{mulaw, silence};

    const TEXT: &str = "Grüß Gott, how may I help you today?";

    #[test]
    fn a_text_is_read_from_audio_at_any_offset() {
        let audio = imprint(&silence(1_000), TEXT);

        for offset in [0, 1, 79, 159] {
            let heard = [&silence(20)[..offset], &audio, &silence(40)].concat();
            assert_eq!(read_all(&heard), [Found { text: TEXT.into(), frames: 50, of: 50 }], "{offset}");
        }
    }

    #[test]
    fn a_text_that_was_cut_is_known_as_far_as_it_was_heard_and_soon_as_a_whole() {
        let audio = imprint(&silence(3_000), TEXT);

        assert_eq!(read_all(&audio[..2 * FRAME_BYTES])[0].text, "Grüß Gott,");
        assert_eq!(read_all(&audio[..140 * BLOCK])[0], Found { text: TEXT.into(), frames: 17, of: 150 });
    }

    #[test]
    fn audio_that_says_nothing_holds_no_text() {
        assert_eq!(read_all(&silence(500)), []);
        assert_eq!(read_all(crate::sim::speech::clip("caller_hours").audio), []);
    }

    #[test]
    fn nobody_hears_the_imprint() {
        assert!(mulaw::loudness(&imprint(&silence(1_000), TEXT)) < 8);
    }
}
