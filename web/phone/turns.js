// The turns of the call as they come: one comes again when it changes, and the later words of it count.

/** How far the two ends may differ on when an answer began, in ms. */
const SAME_ANSWER = 2000;

const keyOf = (turn) => `${turn.epoch}:${turn.seq}`;

/** In the order of the conversation: the caller's words often come after the answer to them. */
export function merged(turns, turn) {
    const others = turns.filter((other) => keyOf(other) !== keyOf(turn));
    return [...others, turn].sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
}

/**
 * How long each answer took, for the page and for the engine; either may not know.
 * @param {{at: number, ms: number}[]} waits that the page measured, by when the answer began. All in ms.
 * @returns {{at: number, here: number | null, engine: number | null}[]}
 */
export function answersOf(turns, waits) {
    const answers = turns.filter((turn) => turn.speaker === "ai" && turn.latency_ms !== null);
    const matched = answers.map((turn) => ({ turn, wait: nearest(waits, turn.started_ms) }));
    const alone = waits.filter((wait) => !matched.some((match) => match.wait === wait));
    const known = matched.map(({ turn, wait }) => ({ at: turn.started_ms, here: wait?.ms ?? null, engine: turn.latency_ms }));
    return [...known, ...alone.map(({ at, ms }) => ({ at, here: ms, engine: null }))].sort((a, b) => a.at - b.at);
}

function nearest(waits, at) {
    const distance = (wait) => Math.abs(wait.at - at);
    const [first] = waits.filter((wait) => distance(wait) <= SAME_ANSWER).sort((a, b) => distance(a) - distance(b));
    return first;
}

/** Of the values that are known; of an even number of them, the lower one in the middle. */
export function median(values) {
    const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
    return sorted.length === 0 ? null : sorted[Math.floor((sorted.length - 1) / 2)];
}
