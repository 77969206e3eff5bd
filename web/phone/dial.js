// Before a call: whom to call, under what name, and why the last call did not come about.

import { useEffect, useState } from "preact/hooks";
import { duration } from "../format.js";
import { html } from "../html.js";
import { Field } from "../ui/field.js";
import { Icon } from "../ui/icon.js";
import { Notice } from "../ui/states.js";
import { FAULTS } from "./faults.js";
import { useKeyboardHere } from "./focus.js";

/** @param {{handset: import("./handset.js").Handset, assistants: {name: string, is_default: boolean}[]}} props */
export function Dial({ handset, assistants }) {
    const [assistant, setAssistant] = useState("");
    const [name, setName] = useState("");
    const part = useKeyboardHere(handset.ending.value !== null || handset.fault.value !== null);
    const call = (silent = false) => handset.call({ assistant, name, silent });
    return html`<form class="dial" tabindex="-1" aria-label="Make a call" ref=${part} onSubmit=${(event) => (event.preventDefault(), call())}>
        ${handset.fault.value ? html`<${Failed} key=${handset.fault.value} fault=${handset.fault.value} call=${call} />` : html`<${Ended} handset=${handset} />`}
        <button class="call-button" aria-describedby="call-about"><${Icon} name="phone" size=${36} /><span class="hidden-text">Call the assistant</span></button>
        <p class="small muted" id="call-about">Press to call. The browser will ask for your microphone.</p>
        <div class="dial-fields">
            ${assistants.length > 1 && html`<${Picker} assistants=${assistants} value=${assistant} onChange=${setAssistant} />`}
            <${Field} label="Your name (optional)" value=${name} maxlength="100" autocomplete="name" onInput=${(event) => setName(event.target.value)} />
        </div>
    </form>`;
}

function Picker({ assistants, value, onChange }) {
    const usual = assistants.find((assistant) => assistant.is_default)?.name ?? assistants[0].name;
    return html`<${Field} as="select" label="Assistant" onChange=${(event) => onChange(event.target.value)}>
        ${assistants.map(({ name }) => html`<option key=${name} value=${name} selected=${name === (value || usual)}>${name}</option>`)}
    <//>`;
}

function Ended({ handset }) {
    const ending = handset.ending.value;
    if (!ending) return null;
    const seconds = Math.floor(((handset.until.value ?? 0) - (handset.since.value ?? handset.until.value)) / 1000);
    return html`<div class="dial-ended">
        <p>${ending.kind === "hung-up" ? "You hung up" : "The assistant hung up"} after ${duration(seconds)}.</p>
        <a class="button button-small" href=${`/calls/${handset.ticket.value.call_id}`}>See the call</a>
    </div>`;
}

function Failed({ fault, call }) {
    const { title, text, ways } = FAULTS[fault.code];
    return html`<${Notice} tone="bad">
        <p class="strong">${title}</p>
        <p>${text}</p>
        ${fault.detail && html`<p class="small muted breaks">${fault.detail}</p>`}
        ${ways.length > 0 && html`<div class="row dial-ways">
            ${ways.includes("again") && html`<${Again} retryAfter=${fault.retryAfter} call=${call} />`}
            ${ways.includes("silent") && html`<button type="button" class="button button-small" onClick=${() => call(true)}>Call without a microphone</button>`}
            ${ways.includes("setup") && html`<a class="button button-small" href="/setup">Go to the setup</a>`}
        </div>`}
    <//>`;
}

function Again({ retryAfter, call }) {
    const [left, setLeft] = useState(retryAfter ?? 0);
    useEffect(() => {
        const timer = left > 0 ? setTimeout(() => setLeft(left - 1), 1000) : null;
        return () => clearTimeout(timer);
    }, [left]);
    return html`<button type="button" class="button button-small" disabled=${left > 0} onClick=${() => call()}>
        <${Icon} name="refresh" size=${14} /> ${left > 0 ? `Call again in ${left} s` : "Call again"}</button>`;
}
