// The sound of the browser: its microphone and its speaker, joined to the two processors of the audio thread.

import { Fault, faultOfMicrophone } from "./faults.js";

/** A browser that allows sound starts it well within this time, in ms. */
const STARTS_WITHIN = 3000;

/**
 * Must be called from within a click, or the browser plays nothing. Throws a Fault.
 * @param {{raw: boolean, silent: boolean, on: {
 *     captured: (frame: Uint8Array, level: number, at: number) => void, marks: (names: string[]) => void,
 *     began: (at: number) => void, played: (frames: number, level: number) => void, interrupted: (what: string | null) => void
 * }}} options `raw` leaves the microphone as it is; `silent` does without it. Times are those of the audio clock, in seconds.
 */
export async function openSound({ raw, silent, on }) {
    const context = openContext();
    const opened = { context, microphone: null };
    try {
        if (!silent) opened.microphone = await askForMicrophone(raw);
        await start(context);
        return new Sound(opened, on);
    } catch (error) {
        release(opened);
        throw error;
    }
}

class Sound {
    #opened;
    #speaker;

    constructor(opened, on) {
        this.#opened = opened;
        this.#speaker = speakerOf(opened.context, on);
        listenTo(opened, on);
        watch(opened, on);
    }

    /** The audio clock, in seconds. */
    get now() {
        return this.#opened.context.currentTime;
    }

    play(audio) {
        this.#speaker.port.postMessage({ play: audio });
    }

    mark(name) {
        this.#speaker.port.postMessage({ mark: name });
    }

    clear() {
        this.#speaker.port.postMessage({ clear: true });
    }

    /** After the system had taken the sound away. Must be called from within a click. */
    resume() {
        return this.#opened.context.resume();
    }

    close() {
        release(this.#opened);
    }
}

function openContext() {
    // Both are missing where the page is not a secure context. https://www.w3.org/TR/secure-contexts/
    if (!globalThis.isSecureContext || !navigator.mediaDevices?.getUserMedia) throw new Fault("insecure");
    const context = new AudioContext({ latencyHint: "interactive" });
    // Some browsers heed only what is asked for within the click itself.
    context.resume().catch(() => {});
    return context;
}

async function start(context) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Fault("sound-blocked")), STARTS_WITHIN));
    await Promise.race([context.resume(), late]);
    await Promise.all(["./capture.js", "./playback.js"].map((path) => load(context, path)));
}

async function load(context, path) {
    try {
        await context.audioWorklet.addModule(new URL(path, import.meta.url));
    } catch (error) {
        throw new Fault("unreachable", { detail: error.message });
    }
}

/** Telephones clean the caller's voice; tests want it as it is. */
async function askForMicrophone(raw) {
    const audio = { echoCancellation: !raw, noiseSuppression: !raw, autoGainControl: !raw };
    try {
        return await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
        throw faultOfMicrophone(error);
    }
}

function speakerOf(context, on) {
    const latency = context.baseLatency + (context.outputLatency ?? 0);
    const options = { numberOfInputs: 0, outputChannelCount: [1], processorOptions: { latency } };
    const node = new AudioWorkletNode(context, "playback", options);
    node.port.onmessage = ({ data }) => {
        if (data.marks) on.marks(data.marks);
        else if (data.began !== undefined) on.began(data.began);
        else on.played(data.frames, data.level);
    };
    node.connect(context.destination);
    return node;
}

function listenTo({ context, microphone }, on) {
    const node = new AudioWorkletNode(context, "capture", { channelCount: 1, channelCountMode: "explicit" });
    node.port.onmessage = ({ data }) => on.captured(data.frame, data.level, data.at);
    if (microphone) context.createMediaStreamSource(microphone).connect(node);
    // It gives no sound, but what leads nowhere is not run by every browser.
    node.connect(context.destination);
}

function watch({ context, microphone }, on) {
    context.onstatechange = () => on.interrupted(context.state === "suspended" || context.state === "interrupted" ? "sound" : null);
    const [track] = microphone?.getAudioTracks() ?? [];
    if (track) track.onended = () => on.interrupted("microphone");
}

function release({ context, microphone }) {
    context.onstatechange = null;
    for (const track of microphone?.getTracks() ?? []) {
        track.onended = null;
        track.stop();
    }
    if (context.state !== "closed") context.close();
}
