import assert from "node:assert/strict";
import { test } from "node:test";

import { JitterBuffer } from "../../web/phone/jitter.js";
import { SILENCE } from "../../web/phone/mulaw.js";

const frame = (byte, ms = 20) => new Uint8Array(8 * ms).fill(byte);

function play(buffer, ms) {
    return Array.from({ length: 8 * ms }, () => buffer.next());
}

test("a single frame waits 80 ms, and is played then", () => {
    const buffer = new JitterBuffer();
    buffer.push(frame(1));
    assert.ok(play(buffer, 80).every((sample) => sample === SILENCE));
    assert.deepEqual(play(buffer, 20), [...frame(1)]);
    assert.deepEqual(play(buffer, 20), [...frame(SILENCE)]);
});

test("a burst of 80 ms is played at once", () => {
    const buffer = new JitterBuffer();
    buffer.push(frame(1, 80));
    assert.deepEqual(play(buffer, 80), [...frame(1, 80)]);
});

test("frames that come up to 60 ms late tear no hole", () => {
    const buffer = new JitterBuffer();
    const heard = [];
    const arrivals = new Map([[0, 1], [20, 1], [60, 0], [100, 3], [120, 1]]);
    for (let ms = 0; ms < 240; ms += 20) {
        for (let i = 0; i < (arrivals.get(ms) ?? 0); i += 1) buffer.push(frame(1));
        heard.push(...play(buffer, 20));
    }
    const first = heard.indexOf(1);
    assert.deepEqual(heard.slice(first, first + 6 * 160), new Array(6 * 160).fill(1));
    assert.equal(buffer.spurts, 1);
});

test("a mark returns when the audio before it was played, and not before", () => {
    const buffer = new JitterBuffer();
    buffer.push(frame(1, 100));
    buffer.mark("a");
    buffer.push(frame(2, 20));
    buffer.mark("b");
    play(buffer, 99);
    assert.deepEqual(buffer.marks(), []);
    play(buffer, 1);
    assert.deepEqual(buffer.marks(), ["a"]);
    play(buffer, 20);
    assert.deepEqual(buffer.marks(), ["b"]);
    assert.equal(buffer.played, 960);
});

test("a mark with nothing queued returns at once", () => {
    const buffer = new JitterBuffer();
    buffer.mark("a");
    assert.deepEqual(buffer.marks(), ["a"]);
});

test("marks wait for the way to the ear, and keep their order on it", () => {
    const buffer = new JitterBuffer(30);
    buffer.push(frame(1, 80));
    buffer.mark("a");
    play(buffer, 80);
    buffer.mark("b");
    play(buffer, 29);
    assert.deepEqual(buffer.marks(), []);
    play(buffer, 1);
    assert.deepEqual(buffer.marks(), ["a", "b"]);
});

test("a clear is silent at once and returns every mark that is out, in order", () => {
    const buffer = new JitterBuffer(30);
    buffer.push(frame(1, 80));
    buffer.mark("a");
    buffer.push(frame(1, 400));
    buffer.mark("b");
    buffer.mark("c");
    play(buffer, 100);
    assert.deepEqual(buffer.clear(), ["a", "b", "c"]);
    assert.deepEqual(play(buffer, 20), [...frame(SILENCE)]);
    assert.deepEqual(buffer.marks(), []);
    assert.deepEqual(buffer.clear(), []);
});

test("after a clear the next answer waits anew", () => {
    const buffer = new JitterBuffer();
    buffer.push(frame(1, 200));
    play(buffer, 50);
    buffer.clear();
    buffer.push(frame(2));
    assert.ok(play(buffer, 80).every((sample) => sample === SILENCE));
    assert.deepEqual(play(buffer, 20), [...frame(2)]);
    assert.equal(buffer.spurts, 2);
});
