// The one reader of GET /api/events: a single connection of this tab, shared by all that listen.
// It is asked for with fetch() and not with an EventSource, which cannot send the key in a header.

import { signal } from "@preact/signals";
import { request } from "./api.js";
import { frameReader } from "./sse.js";

const LONGEST_PAUSE = 30_000;
/** Comments come every 15 s: after three times as long, the connection is dead. */
const SILENCE = 45_000;

/** "off", "connecting", "live" or "reconnecting". */
export const connection = signal("off");

const listeners = new Set();
let running = null;
let lastId = "";
let firstPause = 3_000;

/** Hears every event, until the function that comes back is called. @param {(event: {type: string, data: any}) => void} listener */
export function listen(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

export function startEvents() {
    if (running) return;
    running = new AbortController();
    connection.value = "connecting";
    keepReading(running);
}

export function stopEvents() {
    running?.abort();
    running = null;
    lastId = "";
    connection.value = "off";
}

async function keepReading(stop) {
    let pause = firstPause;
    while (!stop.signal.aborted) {
        try {
            await readOnce(stop.signal, () => (pause = firstPause));
        } catch (error) {
            if (isFinal(error)) return giveUp(stop);
        }
        if (stop.signal.aborted) return;
        connection.value = "reconnecting";
        await sleep(pause * (0.75 + Math.random() / 2), stop.signal);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
}

/** The key will not do, or there is no such thing here: asking again is of no use. */
const isFinal = (error) => [401, 403, 404].includes(error.status);

function giveUp(stop) {
    if (running === stop) stopEvents();
}

async function readOnce(stopped, onOpen) {
    const silence = new AbortController();
    let alarm = setTimeout(() => silence.abort(), SILENCE);
    try {
        const headers = lastId ? { "last-event-id": lastId } : {};
        const signal = AbortSignal.any([stopped, silence.signal]);
        const response = await request("/api/events?levels=true", { accept: "text/event-stream", headers, signal });
        onOpen();
        connection.value = "live";
        const take = frameReader(tell, (id) => (lastId = id), (pause) => (firstPause = pause));
        const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let piece = await text.read(); !piece.done; piece = await text.read()) {
            clearTimeout(alarm);
            alarm = setTimeout(() => silence.abort(), SILENCE);
            take(piece.value);
        }
    } finally {
        clearTimeout(alarm);
    }
}

function tell(frame) {
    const event = opened(frame);
    if (event) for (const listener of listeners) listener(event);
}

/** Events with an id have an envelope, the others do not. */
function opened({ type, data }) {
    try {
        const value = JSON.parse(data || "null");
        return { type, data: value?.data ?? value, callId: value?.call_id ?? null };
    } catch {
        return type === "reset" ? { type, data: null, callId: null } : null;
    }
}

function sleep(ms, signal) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
}
