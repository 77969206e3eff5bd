// Parts of a whole, as one bar, and as a list with a bar for each.

import { count, share } from "../format.js";
import { html } from "../html.js";

/** @typedef {{title: string, mark: string, value: number}} Part */

const sumOf = (parts) => parts.reduce((sum, part) => sum + part.value, 0);
const width = (value, whole) => ({ width: `${whole ? (100 * value) / whole : 0}%` });

/** @param {{parts: Part[], label: string}} props */
export function Split({ parts, label }) {
    const whole = sumOf(parts);
    return html`<div class="split" aria-label=${label} role="group">
        <div class="split-bar" aria-hidden="true">
            ${parts.map(({ title, mark, value }) => value > 0 && html`<span key=${title} class="mark-${mark}" style=${width(value, whole)}></span>`)}
        </div>
        <dl class="split-list">
            ${parts.map(({ title, mark, value }) => html`<div key=${title}>
                <dt><span class="legend-mark mark-${mark}"></span>${title}</dt>
                <dd><span class="strong">${count(value)}</span> <span class="muted">${share(whole ? value / whole : 0)}</span></dd>
            </div>`)}
        </dl>
    </div>`;
}

/** @param {{parts: Part[]}} props */
export function Ranking({ parts }) {
    const most = Math.max(1, ...parts.map(({ value }) => value));
    return html`<ul class="ranking">
        ${parts.map(({ title, mark, value }) => html`<li key=${title}>
            <div class="spread"><span>${title}</span><span class="strong">${count(value)}</span></div>
            <div class="ranking-bar" aria-hidden="true"><span class="mark-${mark}" style=${width(value, most)}></span></div>
        </li>`)}
    </ul>`;
}
