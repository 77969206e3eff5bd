// Words and what they are, for things whose shape the page knows, and for those it does not.

import { words } from "../format.js";
import { html } from "../html.js";

/** @param {{facts: [string, any][]}} props Facts without a value are left out. */
export function Facts({ facts }) {
    const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
    return html`<dl class="facts">${known.map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** Anything of JSON. */
function Shown({ value }) {
    if (value === null || value === undefined || value === "") return html`<span class="muted">–</span>`;
    if (typeof value === "boolean") return value ? "Yes" : "No";
    if (Array.isArray(value)) return html`<${ShownList} values=${value} />`;
    if (typeof value === "object") return html`<${FactsOf} object=${value} />`;
    return html`<span class="breaks">${String(value)}</span>`;
}

function ShownList({ values }) {
    if (values.length === 0) return html`<span class="muted">None</span>`;
    return html`<ul class="stack-tight">${values.map((value) => html`<li><${Shown} value=${value} /></li>`)}</ul>`;
}

/** Every key of an object, named in words. */
export function FactsOf({ object, without = [] }) {
    const entries = Object.entries(object).filter(([name]) => !without.includes(name));
    return html`<dl class="facts">
        ${entries.map(([name, value]) => html`<dt key=${name}>${words(name)}</dt><dd><${Shown} value=${value} /></dd>`)}
    </dl>`;
}
