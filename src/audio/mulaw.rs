//! Mu-law companding, ITU-T G.711 table 2a.

const BIAS: i32 = 0x84;
const CLIP: i32 = 32_635;

/// One mu-law byte as a 16-bit sample.
#[must_use]
pub const fn decode(byte: u8) -> i16 {
    let code = !byte as i32;
    let magnitude = (((code & 0x0F) << 3) + BIAS) << ((code & 0x70) >> 4);
    let sample = magnitude - BIAS;
    (if code & 0x80 == 0 { sample } else { -sample }) as i16
}

/// One 16-bit sample as a mu-law byte.
#[must_use]
pub const fn encode(sample: i16) -> u8 {
    let sign: i32 = if sample < 0 { 0x80 } else { 0 };
    let wide = (sample as i32).abs();
    let magnitude = (if wide > CLIP { CLIP } else { wide }) + BIAS;
    let exponent = 24 - magnitude.leading_zeros() as i32;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    !((sign | (exponent << 4) | mantissa) as u8)
}

/// Mean absolute sample of `audio`, 0 for silence.
#[must_use]
pub fn loudness(audio: &[u8]) -> u32 {
    let sum: u64 = audio.iter().map(|b| u64::from(decode(*b).unsigned_abs())).sum();
    let count = audio.len().max(1) as u64;
    u32::try_from(sum / count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SILENCE;

    #[test]
    fn corner_values_are_those_of_g711() {
        assert_eq!(decode(SILENCE), 0);
        assert_eq!(decode(0x00), -32_124);
        assert_eq!(decode(0x80), 32_124);
        assert_eq!(encode(0), SILENCE);
        assert_eq!(encode(i16::MAX), 0x80);
        assert_eq!(encode(i16::MIN), 0x00);
    }

    #[test]
    fn every_byte_but_negative_zero_survives_the_round_trip() {
        for byte in (0..=255_u8).filter(|b| *b != 0x7F) {
            assert_eq!(encode(decode(byte)), byte);
        }
    }

    #[test]
    fn silence_has_no_loudness() {
        assert_eq!(loudness(&[SILENCE; 160]), 0);
        assert!(loudness(&[0x90; 160]) > 10_000);
    }
}
