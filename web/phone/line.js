// The line to the engine: speaks as Twilio Media Streams would, so that the engine meets a phone and nothing else.
// https://www.twilio.com/docs/voice/media-streams/websocket-messages

import { FRAME_BYTES, FRAME_MS, SILENCE } from "./mulaw.js";

const OPENS_WITHIN_MS = 10_000;
/** Not yet sent of what was said: about two seconds. More is dropped, as Twilio does with a server that does not read. */
const MOST_WAITING_BYTES = 40_000;
const SILENT_FRAME = new Uint8Array(FRAME_BYTES).fill(SILENCE);

/** What a message of the engine must have beside its event and stream, and no more. */
const BODIES = { media: "payload", mark: "name", clear: null };

/** RFC 6455 section 7.4.1 */
const CLOSE_NORMAL = 1000;
const ENDINGS = { 1000: "ended", 1001: "restart", 1012: "restart" };
const REJECTED = [1002, 1003, 1007, 1008, 1009, 1010];

/**
 * @typedef {{account_sid: string, call_sid: string, stream_sid: string, custom_parameters?: Record<string, string>}} Ticket
 * @typedef {{kind: "hung-up" | "ended" | "refused" | "rejected" | "restart" | "lost", code: number, reason: string}} Ending
 */
export class Line {
    /** @type {"connecting" | "live" | "over"} */
    state = "connecting";
    muted = false;
    framesSent = 0;
    framesReceived = 0;
    framesDropped = 0;
    #ticket;
    #socket;
    #on;
    #alarm;
    #sequence = 0;
    #chunk = 0;

    /**
     * @param {Ticket} ticket
     * @param {WebSocket} socket that is opening.
     * @param {{live: () => void, over: (ending: Ending) => void, message: (direction: "in" | "out", name: string, detail: string) => void,
     *     media: (audio: Uint8Array) => void, mark: (name: string) => void, clear: () => void}} on
     */
    constructor(ticket, socket, on) {
        this.#ticket = ticket;
        this.#socket = socket;
        this.#on = on;
        this.#alarm = setTimeout(() => this.#end("refused", 0, "no answer"), OPENS_WITHIN_MS);
        socket.onopen = () => this.#begin();
        socket.onmessage = ({ data }) => this.#hear(data);
        socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    }

    /** 20 ms of the caller. */
    say(frame) {
        if (this.state !== "live") return;
        this.#chunk += 1;
        if (this.#socket.bufferedAmount > MOST_WAITING_BYTES) return void (this.framesDropped += 1);
        const payload = toBase64(this.muted ? SILENT_FRAME : frame);
        const timestamp = String(this.#chunk * FRAME_MS);
        this.#send("media", { media: { track: "inbound", chunk: String(this.#chunk), timestamp, payload } });
        this.framesSent += 1;
    }

    /** The audio before this mark was heard, or will never be. */
    returnMark(name) {
        this.#tell("mark", { mark: { name } }, name);
    }

    press(digit) {
        this.#tell("dtmf", { dtmf: { track: "inbound_track", digit } }, digit);
    }

    hangUp() {
        this.#tell("stop", { stop: { accountSid: this.#ticket.account_sid, callSid: this.#ticket.call_sid } });
        this.#end("hung-up", CLOSE_NORMAL, "");
    }

    #begin() {
        clearTimeout(this.#alarm);
        this.state = "live";
        this.#socket.send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }));
        this.#on.message("out", "connected", "");
        this.#tell("start", { start: this.#start() }, this.#ticket.call_sid);
        this.#on.live();
    }

    #start() {
        const { account_sid: accountSid, call_sid: callSid, stream_sid: streamSid, custom_parameters: customParameters = {} } = this.#ticket;
        const mediaFormat = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 };
        return { accountSid, streamSid, callSid, tracks: ["inbound"], mediaFormat, customParameters };
    }

    #tell(event, body, detail = "") {
        if (this.state !== "live") return;
        this.#send(event, body);
        this.#on.message("out", event, detail);
    }

    #send(event, body) {
        this.#sequence += 1;
        const message = { event, sequenceNumber: String(this.#sequence), streamSid: this.#ticket.stream_sid, ...body };
        this.#socket.send(JSON.stringify(message));
    }

    #hear(text) {
        if (this.state !== "live") return;
        const heard = understand(text, this.#ticket.stream_sid);
        if (heard.event === "media") return this.#hearAudio(heard.value);
        this.#on.message("in", heard.event, heard.value ?? "");
        if (heard.event === "mark") this.#on.mark(heard.value);
        if (heard.event === "clear") this.#on.clear();
    }

    #hearAudio(audio) {
        this.framesReceived += 1;
        this.#on.media(audio);
    }

    #closed(code, reason) {
        const kind = ENDINGS[code] ?? (REJECTED.includes(code) ? "rejected" : "lost");
        this.#end(this.state === "connecting" ? "refused" : kind, code, reason);
    }

    #end(kind, code, reason) {
        if (this.state === "over") return;
        clearTimeout(this.#alarm);
        this.state = "over";
        this.#socket.close(CLOSE_NORMAL);
        this.#on.over({ kind, code, reason });
    }
}

/** A message with a wrong stream, or with other keys than those documented, is lost, as with Twilio's error 31951. */
function understand(text, streamSid) {
    try {
        const message = JSON.parse(text);
        const field = BODIES[message.event];
        const keys = ["event", "streamSid", ...(field ? [message.event] : [])];
        if (field === undefined || !hasExactly(message, keys)) return { event: "invalid", value: "unknown event or keys" };
        if (message.streamSid !== streamSid) return { event: "invalid", value: "another stream" };
        return field ? valueOf(message.event, message[message.event], field) : { event: message.event };
    } catch {
        return { event: "invalid", value: "not JSON, or not base64" };
    }
}

function valueOf(event, body, field) {
    if (!hasExactly(body, [field]) || typeof body[field] !== "string") return { event: "invalid", value: `${event} without ${field}` };
    return { event, value: event === "media" ? fromBase64(body[field]) : body[field] };
}

function hasExactly(object, keys) {
    return Object.keys(object).sort().join() === keys.sort().join();
}

function toBase64(bytes) {
    return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text) {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
