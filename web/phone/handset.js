// One phone: joins the sound of the browser to the line, and keeps what the page shows of it.

import { batch, signal } from "@preact/signals";
import { listen } from "../events.js";
import { Fault, faultOfTicket } from "./faults.js";
import { added } from "./journal.js";
import { Line } from "./line.js";
import { openSound } from "./sound.js";
import { TurnClock } from "./turn-clock.js";
import { merged } from "./turns.js";

/** Endings of the line that are nobody's fault. */
const GOOD_ENDINGS = ["hung-up", "ended"];
/** A microphone that works is at least this loud at some moment. */
const AUDIBLE = 0.1;
const NO_COUNTS = { framesSent: 0, framesReceived: 0, framesDropped: 0, framesPlayed: 0, marksReturned: 0, clears: 0 };

export class Handset {
    /** @type {import("@preact/signals").Signal<"idle" | "preparing" | "connecting" | "live" | "over">} */
    state = signal("idle");
    /** Why there is no call, or not any more. @type {import("@preact/signals").Signal<Fault | null>} */
    fault = signal(null);
    /** How the last call ended. @type {import("@preact/signals").Signal<import("./line.js").Ending | null>} */
    ending = signal(null);
    /** What the system took away during the call: "sound", "microphone" or null. */
    interrupted = signal(null);
    muted = signal(false);
    /** Called without a microphone. */
    silent = signal(false);
    /** Whether the microphone gave any sound yet. */
    audible = signal(false);
    ticket = signal(null);
    /** When the line opened and when it closed, as Date.now(). */
    since = signal(null);
    until = signal(null);
    levels = { caller: signal(0), assistant: signal(0) };
    counts = signal(NO_COUNTS);
    journal = signal([]);
    turns = signal([]);
    /** Measured here: when each answer began, and how long it was waited for, in ms. */
    waits = signal([]);
    #api;
    #raw;
    #sound = null;
    #line = null;
    #deaf = null;
    #clock = null;
    #openedAt = 0;
    /** Goes up with every call, so that what comes late for an older one is known. */
    #call = 0;

    constructor(api, { raw }) {
        this.#api = api;
        this.#raw = raw;
        if (!globalThis.isSecureContext) this.fault.value = new Fault("insecure");
    }

    /** Must be called from within a click. @param {{assistant?: string, name?: string, silent?: boolean}} wishes */
    async call({ assistant, name, silent = false }) {
        const call = this.#reset();
        this.silent.value = silent;
        try {
            const sound = await openSound({ raw: this.#raw, silent, on: this.#hearings() });
            if (!this.#keep(call, sound)) return;
            const ticket = await this.#askForTicket({ assistant, name });
            if (call === this.#call) this.#dial(ticket);
        } catch (fault) {
            if (call === this.#call) this.#fail(fault instanceof Fault ? fault : new Fault("other", { detail: fault.message }));
        }
    }

    hangUp() {
        if (this.#line) return this.#line.hangUp();
        this.#call += 1;
        this.#release();
        this.state.value = "idle";
    }

    /** The page is left. */
    leave() {
        this.hangUp();
        this.#deaf?.();
    }

    press(digit) {
        this.#line?.press(digit);
    }

    toggleMute() {
        this.muted.value = !this.muted.value;
        if (this.#line) this.#line.muted = this.muted.value;
        this.#note(this.muted.value ? "muted" : "unmuted");
    }

    resumeSound() {
        this.#sound?.resume();
    }

    #reset() {
        this.#release();
        this.#deaf?.();
        batch(() => {
            this.state.value = "preparing";
            for (const gone of [this.fault, this.ending, this.interrupted, this.ticket, this.since, this.until]) gone.value = null;
            for (const empty of [this.journal, this.turns, this.waits]) empty.value = [];
            this.muted.value = this.audible.value = false;
            this.counts.value = NO_COUNTS;
        });
        this.#clock = new TurnClock();
        this.#call += 1;
        return this.#call;
    }

    /** False if the caller hung up while the browser asked for the microphone. */
    #keep(call, sound) {
        if (call === this.#call) this.#sound = sound;
        else sound.close();
        return call === this.#call;
    }

    async #askForTicket({ assistant, name }) {
        this.state.value = "connecting";
        try {
            return await this.#api.phoneTicket({ assistant: assistant || undefined, name: name?.trim() || undefined });
        } catch (error) {
            throw faultOfTicket(error);
        }
    }

    #dial(ticket) {
        this.ticket.value = ticket;
        this.#deaf = listen((event) => this.#follow(event));
        const url = new URL(ticket.url, location.href);
        url.protocol = url.protocol.replace("http", "ws");
        this.#line = new Line(ticket, new WebSocket(url), {
            live: () => this.#live(),
            over: (ending) => this.#over(ending),
            message: (direction, name, detail) => this.#log(direction, name, detail),
            media: (audio) => this.#sound.play(audio),
            mark: (name) => this.#sound.mark(name),
            clear: () => this.#clear(),
        });
    }

    #live() {
        batch(() => {
            this.state.value = "live";
            this.since.value = Date.now();
        });
        this.#openedAt = this.#sound.now;
    }

    #over(ending) {
        this.#countFrames();
        this.#release();
        batch(() => {
            this.state.value = "over";
            this.until.value = Date.now();
            this.ending.value = ending;
            if (!GOOD_ENDINGS.includes(ending.kind)) this.fault.value = new Fault(ending.kind, { detail: ending.reason });
        });
        this.#log("note", "closed", [ending.code || "", ending.reason].join(" ").trim());
    }

    #fail(fault) {
        this.#release();
        batch(() => {
            this.state.value = "idle";
            this.fault.value = fault;
        });
    }

    #clear() {
        this.#count({ clears: this.counts.value.clears + 1 });
        this.#sound.clear();
    }

    #hearings() {
        return {
            captured: (frame, level, at) => this.#captured(frame, level, at),
            began: (at) => this.#began(at),
            marks: (names) => this.#marks(names),
            played: (frames, level) => this.#played(frames, level),
            interrupted: (what) => (this.interrupted.value = what),
        };
    }

    #captured(frame, level, at) {
        const heard = this.muted.value ? 0 : level;
        this.#line?.say(frame);
        this.#clock.hear(heard, at);
        this.levels.caller.value = heard;
        if (heard > AUDIBLE) this.audible.value = true;
    }

    #began(at) {
        const ms = this.#clock.answer(at);
        this.#note("answer begins", ms === null ? "" : `${ms} ms after you stopped`);
        if (ms !== null) this.waits.value = [...this.waits.value, { at: Math.round((at - this.#openedAt) * 1000), ms }];
    }

    #marks(names) {
        for (const name of names) this.#line?.returnMark(name);
        this.#count({ marksReturned: this.counts.value.marksReturned + names.length });
    }

    #played(framesPlayed, level) {
        this.levels.assistant.value = level;
        this.#count({ framesPlayed });
        if (this.#line) this.#countFrames();
    }

    #countFrames() {
        const { framesSent, framesReceived, framesDropped } = this.#line;
        this.#count({ framesSent, framesReceived, framesDropped });
    }

    #follow({ type, data, callId }) {
        if (type === "reset") return this.#loadTurns();
        if (type === "call.turn" && callId === this.ticket.value.call_id) this.turns.value = merged(this.turns.value, data.turn);
    }

    async #loadTurns() {
        const id = this.ticket.value.call_id;
        const { turns } = await this.#api.conversation(id).catch(() => ({ turns: [] }));
        if (id === this.ticket.value?.call_id) this.turns.value = turns.reduce(merged, this.turns.value);
    }

    #note(name, detail = "") {
        if (this.#line) this.#log("note", name, detail);
    }

    #log(direction, name, detail) {
        const at = this.since.value === null ? 0 : Date.now() - this.since.value;
        this.journal.value = added(this.journal.value, { at, direction, name, detail: String(detail) });
    }

    #count(changes) {
        this.counts.value = { ...this.counts.value, ...changes };
    }

    /** The events of a call that just ended are still followed: its last words come late. */
    #release() {
        this.#sound?.close();
        this.#sound = this.#line = null;
        this.levels.caller.value = this.levels.assistant.value = 0;
    }
}
