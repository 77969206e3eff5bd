// One of several views (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/), and one of several values.

import { useRef } from "preact/hooks";
import { html } from "../html.js";

/** @param {{tabs: [string, string][], chosen: string, onChoose: (tab: string) => void, label: string}} props */
export function Tabs({ tabs, chosen, onChoose, label, children }) {
    const list = useRef(null);
    const onKey = (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const at = tabs.findIndex(([word]) => word === chosen);
        const next = (at + step + tabs.length) % tabs.length;
        onChoose(tabs[next][0]);
        list.current.children[next].focus();
    };
    const tab = ([word, title]) => html`<button key=${word} type="button" role="tab" class="tab" id=${`tab-${word}`} aria-controls="tab-panel"
        aria-selected=${String(word === chosen)} tabindex=${word === chosen ? 0 : -1} onClick=${() => onChoose(word)}>${title}</button>`;
    return html`
        <div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${onKey}>${tabs.map(tab)}</div>
        <div role="tabpanel" id="tab-panel" aria-labelledby=${`tab-${chosen}`}>${children}</div>`;
}

/** @param {{options: [string, string][], chosen: string, onChoose: (value: string) => void, label: string}} props */
export function Choices({ options, chosen, onChoose, label }) {
    return html`<div class="choices" role="group" aria-label=${label}>
        ${options.map(([word, title]) => html`<button key=${word} type="button" class="choice" aria-pressed=${String(word === chosen)}
            onClick=${() => onChoose(word)}>${title}</button>`)}
    </div>`;
}
