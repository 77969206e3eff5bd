// G.711 mu-law, the audio of a phone line: 8000 samples of one byte per second.
// https://www.itu.int/rec/T-REC-G.711

export const RATE = 8000;
export const FRAME_MS = 20;
export const FRAME_BYTES = (RATE / 1000) * FRAME_MS;
/** The byte of a sample of zero. */
export const SILENCE = 0xff;

/** Moves the smallest segment away from zero, so that every segment begins at a power of two. */
const BIAS = 132;
const LOUDEST = 32767 - BIAS;

const DECODED = Int16Array.from({ length: 256 }, (_, byte) => expand(byte));

/** A sample of 16 bits as a byte. */
export function encode(sample) {
    const sign = sample < 0 ? 0x80 : 0;
    const magnitude = Math.min(Math.abs(sample), LOUDEST) + BIAS;
    const segment = 24 - Math.clz32(magnitude);
    const step = (magnitude >> (segment + 3)) & 0x0f;
    return ~(sign | (segment << 4) | step) & 0xff;
}

/** A byte as a sample of 16 bits. */
export function decode(byte) {
    return DECODED[byte];
}

/** A sample between -1 and 1 as a byte. */
export function encodeFloat(sample) {
    return encode(Math.round(Math.max(-1, Math.min(1, sample)) * 32767));
}

/** A byte as a sample between -1 and 1. */
export function decodeFloat(byte) {
    return DECODED[byte] / 32768;
}

function expand(byte) {
    const bits = ~byte & 0xff;
    const segment = (bits >> 4) & 0x07;
    const magnitude = ((((bits & 0x0f) << 3) + BIAS) << segment) - BIAS;
    return bits & 0x80 ? -magnitude : magnitude;
}
