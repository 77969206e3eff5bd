// Moments and lengths of time, with what they are exactly in the title.

import { useCallback, useState } from "preact/hooks";
import { duration, fullMoment, moment } from "../format.js";
import { html } from "../html.js";
import { useEvery } from "../load.js";

/** Local time; the title is ISO 8601 in UTC. */
export function Time({ at, full = false }) {
    if (!at) return html`<span class="muted">–</span>`;
    return html`<time dateTime=${at} title=${at} class=${full ? "" : "nowrap"}>${full ? fullMoment(at) : moment(at)}</time>`;
}

/** How long something has been going on, counting. */
export function Elapsed({ since, until }) {
    const [now, setNow] = useState(Date.now());
    useEvery(1_000, useCallback(() => setNow(Date.now()), []), !until);
    const end = until ? Date.parse(until) : now;
    return html`<span class="nowrap">${since ? duration((end - Date.parse(since)) / 1_000) : "–"}</span>`;
}
