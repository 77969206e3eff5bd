// From one sample rate to another, sample by sample: a low-pass filter whose coefficients stand ready for every
// position that an output sample can have between two input samples. The positions are exact, so nothing drifts.
// https://ccrma.stanford.edu/~jos/resample/

/** Length of the filter in samples of the slower rate: enough for the slope below to fall by 60 dB. */
const WIDTH = 40;
/** Middle of the slope from passing to stopping, as a part of the slower rate. */
const CUTOFF = 0.46;
/** Shape of the Kaiser window, for 60 dB. */
const BETA = 5.65;

export class Resampler {
    #kernels;
    #taps;
    #up;
    #down;
    /** Twice the last input samples, so that they always stand in one piece. */
    #past;
    #newest = 0;
    /** Where the next output sample is after the newest input sample, in parts of `#up`. */
    #phase;

    /** Rates in Hz. */
    constructor(from, to) {
        const divisor = commonDivisor(from, to);
        this.#up = to / divisor;
        this.#down = from / divisor;
        this.#taps = Math.ceil(WIDTH * Math.max(1, from / to));
        this.#kernels = Array.from({ length: this.#up }, (_, phase) => kernel(phase / this.#up, this.#taps, from, to));
        this.#past = new Float32Array(2 * this.#taps);
        this.#phase = this.#up;
    }

    /** How much later the sound comes out, in input samples. */
    get delay() {
        return (this.#taps - 1) / 2;
    }

    /** Whether an output sample can be taken. If not, an input sample is due. */
    get ready() {
        return this.#phase < this.#up;
    }

    feed(sample) {
        this.#newest = (this.#newest + 1) % this.#taps;
        this.#past[this.#newest] = this.#past[this.#newest + this.#taps] = sample;
        this.#phase -= this.#up;
    }

    take() {
        const weights = this.#kernels[this.#phase];
        const oldest = this.#newest + 1;
        let sum = 0;
        for (let i = 0; i < weights.length; i += 1) sum += weights[i] * this.#past[oldest + i];
        this.#phase += this.#down;
        return sum;
    }
}

/** Weights from the oldest sample to the newest, for an output `fraction` of a sample after the newest. */
function kernel(fraction, taps, from, to) {
    const cutoff = CUTOFF * Math.min(1, to / from);
    const middle = (taps - 1) / 2;
    const weights = Float64Array.from({ length: taps }, (_, i) => {
        const distance = taps - 1 - i + fraction - middle;
        return 2 * cutoff * sinc(2 * cutoff * distance) * kaiser(distance / (taps / 2));
    });
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return Float32Array.from(weights, (weight) => weight / sum);
}

function sinc(x) {
    return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** `x` between -1 and 1. */
function kaiser(x) {
    return Math.abs(x) > 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** The modified Bessel function of order zero, as a series. */
function bessel(x) {
    let [term, sum] = [1, 1];
    for (let k = 1; term > sum * 1e-12; k += 1) {
        term *= (x / (2 * k)) ** 2;
        sum += term;
    }
    return sum;
}

function commonDivisor(a, b) {
    return b === 0 ? a : commonDivisor(b, a % b);
}
