import assert from "node:assert/strict";
import { test } from "node:test";

import { Resampler } from "../../web/phone/resample.js";

const RATES = [[44100, 8000], [48000, 8000], [16000, 8000], [8000, 44100], [8000, 48000], [8000, 8000]];

function tone(hz, rate, seconds) {
    return Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate));
}

function convert(samples, from, to) {
    const resampler = new Resampler(from, to);
    const out = [];
    for (const sample of samples) {
        resampler.feed(sample);
        while (resampler.ready) out.push(resampler.take());
    }
    return out;
}

const power = (samples) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
const decibels = (ratio) => 10 * Math.log10(ratio);

/** The part of `samples` that is a tone of `hz`, against all the rest. */
function purity(samples, hz, rate) {
    const wave = (f) => samples.map((_, i) => f((2 * Math.PI * hz * i) / rate));
    const [cos, sin] = [wave(Math.cos), wave(Math.sin)];
    const along = (axis) => (2 / samples.length) * samples.reduce((sum, x, i) => sum + x * axis[i], 0);
    const [a, b] = [along(cos), along(sin)];
    const rest = samples.map((x, i) => x - a * cos[i] - b * sin[i]);
    return { level: decibels(a * a + b * b), snr: decibels((a * a + b * b) / 2 / power(rest)) };
}

for (const [from, to] of RATES) {
    test(`a tone of 1 kHz stays one, from ${from} to ${to} Hz`, () => {
        const out = convert(tone(1000, from, 1), from, to).slice(to / 10, to / 10 + to / 2);
        const { level, snr } = purity(out, 1000, to);
        assert.ok(snr > 50, `SNR ${snr.toFixed(1)} dB`);
        assert.ok(Math.abs(level) < 0.1, `level ${level.toFixed(2)} dB`);
    });

    test(`the length is kept, from ${from} to ${to} Hz`, () => {
        assert.equal(convert(tone(440, from, 2), from, to).length, 2 * to);
    });
}

for (const hz of [4500, 5000, 7000, 9000, 15000]) {
    test(`a tone of ${hz} Hz leaves no alias at 8 kHz`, () => {
        const loudest = decibels(power(convert(tone(hz, 44100, 1), 44100, 8000).slice(400)) / 0.5);
        assert.ok(loudest < -40, `alias at ${loudest.toFixed(1)} dB`);
    });
}

test("a tone of 3.3 kHz still passes", () => {
    const { level } = purity(convert(tone(3300, 44100, 1), 44100, 8000).slice(800, 4800), 3300, 8000);
    assert.ok(level > -1, `level ${level.toFixed(2)} dB`);
});

test("going up leaves no image above the band", () => {
    const { snr } = purity(convert(tone(3000, 8000, 1), 8000, 48000).slice(4800, 28800), 3000, 48000);
    assert.ok(snr > 40, `SNR ${snr.toFixed(1)} dB`);
});

test("the sound comes out as much later as is told", () => {
    const resampler = new Resampler(8000, 48000);
    const out = [];
    for (let i = 0; i < 200; i += 1) {
        resampler.feed(i === 50 ? 1 : 0);
        while (resampler.ready) out.push(resampler.take());
    }
    const peak = out.indexOf(Math.max(...out));
    assert.ok(Math.abs(peak / 6 - 50 - resampler.delay) <= 0.5, `peak at ${peak / 6}`);
});
