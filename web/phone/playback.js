// Runs beside the page, on the audio thread: plays what the assistant says, and tells what was heard of it.
// https://developer.mozilla.org/docs/Web/API/AudioWorkletProcessor/process

import { JitterBuffer } from "./jitter.js";
import { Loudness } from "./level.js";
import { decodeFloat, FRAME_BYTES, RATE } from "./mulaw.js";
import { Resampler } from "./resample.js";

/** Between two reports of how loud it is and how far it got, in seconds. */
const REPORT_EVERY = 0.05;

class Playback extends AudioWorkletProcessor {
    #resampler = new Resampler(RATE, Math.round(sampleRate));
    #loudness = new Loudness();
    #tail;
    #buffer;
    #spurts = 0;
    #reported = 0;

    constructor({ processorOptions: { latency } }) {
        super();
        this.#tail = latency + this.#resampler.delay / RATE;
        this.#buffer = new JitterBuffer(this.#tail * 1000);
        this.port.onmessage = ({ data }) => this.#obey(data);
    }

    #obey({ play, mark, clear }) {
        if (play) this.#buffer.push(play);
        if (mark !== undefined) this.#buffer.mark(mark);
        if (clear) this.#tellMarks(this.#buffer.clear());
    }

    process(_, [[output]]) {
        for (let i = 0; i < output.length; i += 1) {
            while (!this.#resampler.ready) this.#resampler.feed(this.#next());
            output[i] = this.#resampler.take();
        }
        this.#tell();
        return true;
    }

    #next() {
        const sample = decodeFloat(this.#buffer.next());
        this.#loudness.add(sample);
        return sample;
    }

    #tell() {
        if (this.#buffer.spurts > this.#spurts) this.#tellBegin();
        this.#tellMarks(this.#buffer.marks());
        if (currentTime - this.#reported < REPORT_EVERY) return;
        this.#reported = currentTime;
        this.port.postMessage({ level: this.#loudness.read(), frames: Math.floor(this.#buffer.played / FRAME_BYTES) });
    }

    #tellBegin() {
        this.#spurts = this.#buffer.spurts;
        this.port.postMessage({ began: currentTime + this.#tail });
    }

    #tellMarks(marks) {
        if (marks.length > 0) this.port.postMessage({ marks });
    }
}

registerProcessor("playback", Playback);
