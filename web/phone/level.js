// How loud a sound is, as a meter shows it.

/** What a meter still shows, in decibels below the loudest. */
const RANGE = 60;

/** From 0, silence, to 1, for a root mean square between 0 and 1. */
export function levelOf(rms) {
    if (rms <= 0) return 0;
    return Math.max(0, Math.min(1, 1 + (20 * Math.log10(rms)) / RANGE));
}

/** Sums up samples until it is read. */
export class Loudness {
    #squares = 0;
    #count = 0;

    add(sample) {
        this.#squares += sample * sample;
        this.#count += 1;
    }

    /** The level since the last reading. */
    read() {
        const rms = this.#count === 0 ? 0 : Math.sqrt(this.#squares / this.#count);
        this.#squares = this.#count = 0;
        return levelOf(rms);
    }
}
