// What the assistant said and was not played yet. It waits a little before the first sound, so that frames which come
// late do not tear holes, and tells when a mark is reached.
// https://www.twilio.com/docs/voice/media-streams/websocket-messages#send-a-mark-message

import { RATE, SILENCE } from "./mulaw.js";

/** Held back before the first sound of a spurt, in ms. */
const HELD_BACK_MS = 80;

export class JitterBuffer {
    /** Audio and marks in the order in which they came. @type {({audio: Uint8Array} | {mark: string})[]} */
    #queue = [];
    /** Played of the first piece. */
    #offset = 0;
    #queued = 0;
    #playing = false;
    #waited = 0;
    /** Reached, but still on the way to the ear. @type {{mark: string, due: number}[]} */
    #reached = [];
    #now = 0;
    #tail;
    #heldBack = (HELD_BACK_MS * RATE) / 1000;

    /** `tailMs`: how long a sound takes from here to the ear. */
    constructor(tailMs = 0) {
        this.#tail = Math.round((tailMs * RATE) / 1000);
        /** Samples that were played, and spurts that began. */
        this.played = 0;
        this.spurts = 0;
    }

    /** Whether something is heard at the moment. */
    get playing() {
        return this.#playing;
    }

    push(audio) {
        if (audio.length === 0) return;
        this.#queue.push({ audio });
        this.#queued += audio.length;
    }

    mark(name) {
        if (this.#queued > 0) this.#queue.push({ mark: name });
        else this.#reach(name);
    }

    /** Drops what was not played. All marks come back at once, as Twilio has it. */
    clear() {
        const waiting = this.#queue.flatMap((piece) => (piece.mark === undefined ? [] : [piece.mark]));
        const marks = [...this.#reached.map((reached) => reached.mark), ...waiting];
        this.#queue = [];
        this.#reached = [];
        this.#offset = this.#queued = 0;
        this.#rest();
        return marks;
    }

    /** The next sample, a mu-law byte. */
    next() {
        this.#now += 1;
        if (!this.#playing && !this.#begin()) return SILENCE;
        const { audio } = this.#queue[0];
        const sample = audio[this.#offset];
        this.#offset += 1;
        this.#queued -= 1;
        this.played += 1;
        if (this.#offset === audio.length) this.#advance();
        return sample;
    }

    /** Marks whose audio was heard since the last call, in order. */
    marks() {
        const heard = this.#reached.findIndex((reached) => reached.due > this.#now);
        return this.#reached.splice(0, heard < 0 ? this.#reached.length : heard).map((reached) => reached.mark);
    }

    #begin() {
        if (this.#queued === 0) return false;
        this.#waited += 1;
        this.#playing = this.#queued >= this.#heldBack || this.#waited > this.#heldBack;
        if (this.#playing) this.spurts += 1;
        return this.#playing;
    }

    #advance() {
        this.#queue.shift();
        this.#offset = 0;
        while (this.#queue.length > 0 && this.#queue[0].mark !== undefined) this.#reach(this.#queue.shift().mark);
        if (this.#queue.length === 0) this.#rest();
    }

    #reach(mark) {
        this.#reached.push({ mark, due: this.#now + this.#tail });
    }

    #rest() {
        this.#playing = false;
        this.#waited = 0;
    }
}
