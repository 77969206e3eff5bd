// The transcript as it grows: a turn comes again when it changes, and the later words of it count.

/** How far the two ends may differ on when an answer began, in ms. */
const SAME_ANSWER = 2000;

const keyOf = (turn) => `${turn.epoch}:${turn.seq}`;

/** In the order in which they were begun: the caller's words often come after the answer to them. */
export function merged(turns, turn) {
    const others = turns.filter((other) => keyOf(other) !== keyOf(turn));
    return [...others, turn].sort((a, b) => a.epoch - b.epoch || a.started_ms - b.started_ms || a.seq - b.seq);
}

/** What the page measured for this turn, if it did. @param {{at: number, ms: number}[]} waits by when the answer began, in ms. */
export function waitOf(turn, waits) {
    if (turn.speaker !== "ai" || turn.latency_ms === null) return null;
    const distance = (wait) => Math.abs(wait.at - turn.started_ms);
    const [nearest] = [...waits].sort((a, b) => distance(a) - distance(b));
    return nearest && distance(nearest) <= SAME_ANSWER ? nearest.ms : null;
}

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted.length === 0 ? null : sorted[Math.floor((sorted.length - 1) / 2)];
}
