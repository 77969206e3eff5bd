// How long the caller waits for an answer, measured where the caller is: from the last sound of the caller's speech to
// the first sound of the answer. Both are read from the clock of the audio hardware.

/** Louder than the room by this much of a meter (12 dB) is speech. */
const ABOVE_ROOM = 0.2;
/** Fainter than this is never speech: 45 dB below the loudest. */
const FAINTEST = 0.25;
/** As long must speech last, in frames of 20 ms, or it was a knock. */
const SHORTEST = 5;
/** The room is as loud as the faintest of late; it is taken for louder again by so much per frame. */
const FORGET = 0.0005;
/** Sooner after the last sound, in seconds, the answer came into the middle of what was said. */
const OVERLAP = 0.15;

export class TurnClock {
    #room = 1;
    #loudFrames = 0;
    #spokeUntil = null;

    /** A frame of the caller: its level, and when it ended, in seconds. */
    hear(level, at) {
        this.#room = Math.min(level, this.#room + FORGET);
        if (level < Math.max(FAINTEST, this.#room + ABOVE_ROOM)) return;
        this.#loudFrames += 1;
        if (this.#loudFrames >= SHORTEST) this.#spokeUntil = at;
    }

    /** The assistant begins to be heard. The wait in ms, or null if the caller did not wait: was silent since the last answer, or still speaks. */
    answer(at) {
        const spokeUntil = this.#spokeUntil;
        this.#spokeUntil = null;
        this.#loudFrames = 0;
        return spokeUntil === null || at - spokeUntil < OVERLAP ? null : Math.round((at - spokeUntil) * 1000);
    }
}
