import assert from "node:assert/strict";
import { test } from "node:test";

import { added, filtered } from "../../web/phone/journal.js";
import { TurnClock } from "../../web/phone/turn-clock.js";
import { answersOf, median, merged } from "../../web/phone/turns.js";

/** Frames of 20 ms at `level`, from the frame of this number on. */
function hear(clock, level, from, frames) {
    for (let i = from; i < from + frames; i += 1) clock.hear(level, i * 0.02);
}

test("the wait runs from the last loud frame to the answer", () => {
    const clock = new TurnClock();
    hear(clock, 0.05, 0, 50);
    hear(clock, 0.6, 50, 50);
    hear(clock, 0.05, 100, 40);
    assert.equal(clock.answer(2.8), 820);
});

test("an answer that nobody waited for has no wait, and one wait is told once", () => {
    const clock = new TurnClock();
    hear(clock, 0.05, 0, 50);
    assert.equal(clock.answer(1), null);
    hear(clock, 0.6, 50, 50);
    assert.notEqual(clock.answer(2.5), null);
    assert.equal(clock.answer(3), null);
});

test("an answer into the middle of what is said was not waited for", () => {
    const clock = new TurnClock();
    hear(clock, 0.05, 0, 50);
    hear(clock, 0.6, 50, 50);
    assert.equal(clock.answer(2.05), null);
});

test("a knock is not speech, and neither is a loud room", () => {
    const clock = new TurnClock();
    hear(clock, 0.6, 0, 3);
    assert.equal(clock.answer(1), null);
    hear(clock, 0.05, 50, 20);
    hear(clock, 0.4, 70, 2);
    assert.equal(clock.answer(2), null);
    const inside = new TurnClock();
    hear(inside, 0.4, 0, 500);
    assert.equal(inside.answer(11), null);
});

const turn = (seq, started_ms, more = {}) => ({ epoch: 1, seq, started_ms, speaker: "ai", latency_ms: 500, ...more });

test("a turn that comes again replaces the older one, in the order of the conversation", () => {
    const arrived = [turn(2, 3000), turn(1, 1000, { generated: "a" }), turn(1, 1000, { generated: "b" }), turn(1, 0, { epoch: 2 })];
    const turns = arrived.reduce(merged, []);
    assert.deepEqual(turns.map(({ epoch, seq }) => [epoch, seq]), [[1, 1], [1, 2], [2, 1]]);
    assert.equal(turns[0].generated, "b");
});

test("an answer is told with the wait that was measured next to it; neither side needs to know of the other", () => {
    const turns = [turn(1, 1000), turn(2, 2000, { speaker: "user", latency_ms: null }), turn(3, 5000), turn(4, 20_000, { latency_ms: null })];
    const waits = [{ at: 1100, ms: 700 }, { at: 9000, ms: 900 }];
    assert.deepEqual(answersOf(turns, waits), [
        { at: 1000, here: 700, engine: 500 },
        { at: 5000, here: null, engine: 500 },
        { at: 9000, here: 900, engine: null },
    ]);
});

test("the median leaves out what is not known, and is the lower of two in the middle", () => {
    assert.deepEqual([median([]), median([null, 3]), median([4, 1, 3, 2])], [null, 3, 2]);
});

test("the journal keeps the newest entries, each with a number of its own", () => {
    let entries = [];
    for (let at = 0; at < 2500; at += 1) entries = added(entries, { at, direction: "in", name: "mark", detail: "" });
    assert.deepEqual([entries.length, entries[0].id, entries.at(-1).id], [2000, 501, 2500]);
});

test("the journal is filtered by direction, and by text in name or detail", () => {
    const entries = [["in", "mark", "1:200"], ["out", "mark", "1:200"], ["in", "clear", ""]].map(([direction, name, detail]) => ({ direction, name, detail }));
    assert.equal(filtered(entries, {}).length, 3);
    assert.equal(filtered(entries, { direction: "in" }).length, 2);
    assert.equal(filtered(entries, { text: " 1:2 " }).length, 2);
    assert.equal(filtered(entries, { direction: "in", text: "CLEAR" }).length, 1);
});
