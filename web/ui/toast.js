// Words at the foot of the page that go away by themselves.

import { signal } from "@preact/signals";
import { html } from "../html.js";

const SHOWN_FOR = 5_000;
const toasts = signal([]);
let next = 1;

/** @param {string} text @param {"good" | "bad"} tone */
export function toast(text, tone = "good") {
    const id = next++;
    toasts.value = [...toasts.value, { id, text, tone }];
    setTimeout(() => (toasts.value = toasts.value.filter((shown) => shown.id !== id)), SHOWN_FOR);
}

export function Toasts() {
    return html`<div class="toasts" role="status" aria-live="polite">
        ${toasts.value.map(({ id, text, tone }) => html`<div key=${id} class="toast toast-${tone}">${text}</div>`)}
    </div>`;
}
