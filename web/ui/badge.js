// States: a mark, a word and a colour.

import { html } from "../html.js";
import { STATUS, statusOf } from "../words.js";
import { Icon } from "./icon.js";

export function Badge({ tone = "calm", icon, title, children }) {
    return html`<span class="badge badge-${tone}" title=${title}>${icon && html`<${Icon} name=${icon} size=${13} />`}${children}</span>`;
}

export function StatusBadge({ call }) {
    const { title, tone, icon } = STATUS[statusOf(call)] ?? { title: call.status, tone: "calm", icon: "minus" };
    return html`<${Badge} tone=${tone} icon=${icon}>${title}<//>`;
}

/** One of a table of words, such as FINDING. */
export function WordBadge({ of: table, word }) {
    const { title, about, tone, icon } = table[word] ?? { title: word, tone: "calm", icon: "minus" };
    return html`<${Badge} tone=${tone} icon=${icon} title=${about}>${title}<//>`;
}
