import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, decodeFloat, encode, encodeFloat, SILENCE } from "../../web/phone/mulaw.js";

test("corner values are those of G.711", () => {
    const vectors = [[0, 0xff], [32767, 0x80], [-32768, 0x00], [-1, 0x7f], [132, 0xef], [-132, 0x6f], [1000, 0xce], [-1000, 0x4e]];
    for (const [sample, byte] of vectors) assert.equal(encode(sample), byte, `sample ${sample}`);
    const samples = [[0xff, 0], [0x7f, 0], [0x80, 32124], [0x00, -32124], [0xfe, 8], [0x7e, -8], [0x8f, 16764], [0xef, 132]];
    for (const [byte, sample] of samples) assert.equal(decode(byte) + 0, sample, `byte ${byte}`);
});

test("every byte but the negative zero survives the way there and back", () => {
    for (let byte = 0; byte < 256; byte += 1) assert.equal(encode(decode(byte)), byte === 0x7f ? SILENCE : byte);
});

test("no sample is off by more than half a step of its segment", () => {
    for (let sample = -32124; sample <= 32124; sample += 1) {
        const step = 8 << Math.max(0, 24 - Math.clz32(Math.abs(sample) + 132));
        assert.ok(Math.abs(decode(encode(sample)) - sample) <= step / 2, `sample ${sample}`);
    }
});

test("samples between -1 and 1 are clipped, not wrapped", () => {
    assert.equal(encodeFloat(3), 0x80);
    assert.equal(encodeFloat(-3), 0x00);
    assert.equal(decodeFloat(SILENCE), 0);
});
