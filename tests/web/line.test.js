import assert from "node:assert/strict";
import { test } from "node:test";

import { Line } from "../../web/phone/line.js";

const TICKET = {
    account_sid: "AC00000000000000000000000000000001",
    call_sid: "CA00000000000000000000000000000001",
    stream_sid: "MZ00000000000000000000000000000001",
    custom_parameters: { assistant: "default" },
};
const streamSid = TICKET.stream_sid;
const FRAME = new Uint8Array(160).fill(0x55);

class FakeSocket {
    bufferedAmount = 0;
    sent = [];
    closes = [];
    send = (text) => this.sent.push(JSON.parse(text));
    close = (code) => this.closes.push(code);
    tell = (message) => this.onmessage({ data: typeof message === "string" ? message : JSON.stringify(message) });
}

function dial(t) {
    const socket = new FakeSocket();
    const told = [];
    const names = ["live", "over", "message", "media", "mark", "clear"];
    const on = Object.fromEntries(names.map((name) => [name, (...what) => told.push([name, ...what])]));
    const line = new Line(TICKET, socket, on);
    t.after(() => line.hangUp());
    return { socket, line, told, of: (name) => told.filter(([kind]) => kind === name).map(([, ...what]) => what) };
}

function dialed(t) {
    const call = dial(t);
    call.socket.onopen();
    return call;
}

test("the line begins as Twilio begins a stream", (t) => {
    const { socket, line, of } = dialed(t);
    const mediaFormat = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 };
    const { account_sid: accountSid, call_sid: callSid, custom_parameters: customParameters } = TICKET;
    assert.deepEqual(socket.sent, [
        { event: "connected", protocol: "Call", version: "1.0.0" },
        { event: "start", sequenceNumber: "1", streamSid, start: { accountSid, streamSid, callSid, tracks: ["inbound"], mediaFormat, customParameters } },
    ]);
    assert.equal(line.state, "live");
    assert.equal(of("live").length, 1);
});

test("sequence numbers run over all messages, chunks and timestamps over media", (t) => {
    const { socket, line } = dialed(t);
    line.say(FRAME);
    line.press("5");
    line.say(FRAME);
    line.returnMark("1:200");
    const [, , first, digit, second, mark] = socket.sent;
    const payload = Buffer.from(FRAME).toString("base64");
    assert.deepEqual(first, { event: "media", sequenceNumber: "2", streamSid, media: { track: "inbound", chunk: "1", timestamp: "20", payload } });
    assert.deepEqual(digit, { event: "dtmf", sequenceNumber: "3", streamSid, dtmf: { track: "inbound_track", digit: "5" } });
    assert.deepEqual(second.media, { track: "inbound", chunk: "2", timestamp: "40", payload });
    assert.deepEqual(mark, { event: "mark", sequenceNumber: "5", streamSid, mark: { name: "1:200" } });
    assert.equal(line.framesSent, 2);
});

test("a muted line sends silence, and goes on sending", (t) => {
    const { socket, line } = dialed(t);
    line.muted = true;
    line.say(FRAME);
    assert.deepEqual([...Buffer.from(socket.sent.at(-1).media.payload, "base64")], new Array(160).fill(0xff));
});

test("a line that does not get rid of its media drops it, and leaves a gap in the timestamps", (t) => {
    const { socket, line } = dialed(t);
    socket.bufferedAmount = 1e6;
    line.say(FRAME);
    socket.bufferedAmount = 0;
    line.say(FRAME);
    assert.equal(socket.sent.at(-1).media.timestamp, "40");
    assert.equal(socket.sent.at(-1).sequenceNumber, "2");
    assert.deepEqual([line.framesSent, line.framesDropped], [1, 1]);
});

test("media, marks and clears of the engine are handed on", (t) => {
    const { socket, of } = dialed(t);
    socket.tell({ event: "media", streamSid, media: { payload: "/39/" } });
    socket.tell({ event: "mark", streamSid, mark: { name: "1:20" } });
    socket.tell({ event: "clear", streamSid });
    assert.deepEqual(of("media"), [[Uint8Array.of(0xff, 0x7f, 0x7f)]]);
    assert.deepEqual(of("mark"), [["1:20"]]);
    assert.equal(of("clear").length, 1);
    const incoming = of("message").filter(([direction]) => direction === "in");
    assert.deepEqual(incoming, [["in", "mark", "1:20"], ["in", "clear", ""]]);
});

test("what Twilio would not understand is lost, and said so", (t) => {
    const { socket, of } = dialed(t);
    const odd = [
        "{", "null", '"media"', "[]",
        { event: "clear" },
        { event: "clear", streamSid: "MZ00000000000000000000000000000002" },
        { event: "clear", streamSid, extra: 1 },
        { event: "media", streamSid, media: { payload: "/39/", track: "outbound" } },
        { event: "media", streamSid, media: { payload: "not base64!" } },
        { event: "media", streamSid, media: { payload: 7 } },
        { event: "mark", streamSid, mark: null },
        { event: "dance", streamSid },
        { event: "toString", streamSid },
    ];
    odd.forEach(socket.tell);
    assert.equal(of("message").filter(([, name]) => name === "invalid").length, odd.length);
    assert.deepEqual([of("media"), of("mark"), of("clear")], [[], [], []]);
});

test("nothing is sent before the line is open, nor after it is over", (t) => {
    const { socket, line } = dial(t);
    const speak = () => (line.say(FRAME), line.press("1"), line.returnMark("a"));
    speak();
    assert.equal(socket.sent.length, 0);
    socket.onopen();
    socket.onclose({ code: 1000, reason: "" });
    speak();
    socket.tell({ event: "clear", streamSid });
    assert.equal(socket.sent.length, 2);
});

test("hanging up says stop, then closes, once", (t) => {
    const { socket, line, of } = dialed(t);
    line.hangUp();
    line.hangUp();
    socket.onclose({ code: 1000, reason: "" });
    const stop = { accountSid: TICKET.account_sid, callSid: TICKET.call_sid };
    assert.deepEqual(socket.sent.at(-1), { event: "stop", sequenceNumber: "2", streamSid, stop });
    assert.deepEqual(socket.closes, [1000]);
    assert.deepEqual(of("over"), [[{ kind: "hung-up", code: 1000, reason: "" }]]);
});

test("hanging up before the line is open says nothing", (t) => {
    const { socket, line, of } = dial(t);
    line.hangUp();
    assert.deepEqual(socket.sent, []);
    assert.equal(of("over")[0][0].kind, "hung-up");
});

const ENDINGS = [[1000, "ended"], [1001, "restart"], [1012, "restart"], [1006, "lost"], [1011, "lost"], [1002, "rejected"], [1003, "rejected"], [1008, "rejected"], [1009, "rejected"]];
for (const [code, kind] of ENDINGS) {
    test(`a close with ${code} is told as ${kind}`, (t) => {
        const { socket, of } = dialed(t);
        socket.onclose({ code, reason: "why" });
        assert.deepEqual(of("over"), [[{ kind, code, reason: "why" }]]);
    });
}

test("a socket that never opens was refused, whether it closes or not", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const [closed, hanging] = [dial(t), dial(t)];
    closed.socket.onclose({ code: 1006, reason: "" });
    t.mock.timers.tick(10_000);
    for (const { of } of [closed, hanging]) assert.equal(of("over")[0][0].kind, "refused");
    assert.equal(closed.of("over").length, 1);
});
