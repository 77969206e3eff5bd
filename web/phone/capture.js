// Runs beside the page, on the audio thread: the microphone as mu-law frames of 20 ms. Without any microphone the frames
// are silent but come all the same, since the audio hardware is the clock of the call.
// https://developer.mozilla.org/docs/Web/API/AudioWorkletProcessor/process

import { Loudness } from "./level.js";
import { encodeFloat, FRAME_BYTES, RATE } from "./mulaw.js";
import { Resampler } from "./resample.js";

/** Samples of a block of which nothing is known. */
const NOTHING = new Float32Array(128);

class Capture extends AudioWorkletProcessor {
    #resampler = new Resampler(Math.round(sampleRate), RATE);
    #loudness = new Loudness();
    #frame = new Uint8Array(FRAME_BYTES);
    #filled = 0;

    process([[samples = NOTHING]]) {
        for (const sample of samples) {
            this.#resampler.feed(sample);
            while (this.#resampler.ready) this.#put(this.#resampler.take());
        }
        return true;
    }

    #put(sample) {
        this.#loudness.add(sample);
        this.#frame[this.#filled] = encodeFloat(sample);
        this.#filled += 1;
        if (this.#filled === FRAME_BYTES) this.#send();
    }

    #send() {
        this.port.postMessage({ frame: this.#frame, level: this.#loudness.read(), at: currentTime }, [this.#frame.buffer]);
        this.#frame = new Uint8Array(FRAME_BYTES);
        this.#filled = 0;
    }
}

registerProcessor("capture", Capture);
