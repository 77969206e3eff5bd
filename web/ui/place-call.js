// The dialog that places a call.

import { useRef, useState } from "preact/hooks";
import { api } from "../api.js";
import { assistantNames } from "../assistants.js";
import { html } from "../html.js";
import { go } from "../router.js";
import { may } from "../session.js";
import { Confirm } from "./dialog.js";
import { Field } from "./field.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";

export function PlaceCall() {
    const [open, setOpen] = useState(false);
    if (!may("calls:create")) return null;
    return html`
        <button type="button" class="button button-primary" onClick=${() => setOpen(true)}><${Icon} name="phone-out" /> Place a call</button>
        ${open && html`<${PlaceCallDialog} onClose=${() => setOpen(false)} />`}`;
}

/** What the form holds, as the API wants it; blank fields are left out. */
function wish(form) {
    const given = [...form].filter(([, value]) => value.trim() !== "");
    const body = Object.fromEntries(given);
    if (body.scheduled_at) body.scheduled_at = new Date(body.scheduled_at).toISOString();
    return body;
}

/** randomUUID() is there in secure contexts alone. */
const freshName = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

function PlaceCallDialog({ onClose }) {
    // A new name for every wish that differs: the same one sent twice rings once.
    const sent = useRef({ text: "", once: "" });
    const act = async (form) => {
        const body = wish(form);
        const text = JSON.stringify(body);
        if (sent.current.text !== text) sent.current = { text, once: freshName() };
        const accepted = await api.placeCall(body, `"${sent.current.once}"`);
        toast(accepted.scheduled_at ? "The phone will ring at that time." : "The phone will ring in a moment.");
        go(`/calls/${accepted.id}`);
    };
    return html`<${Confirm} title="Place a call" verb="Call" act=${act} onClose=${onClose}>
        ${(error) => html`<${Wish} wrong=${(name) => error?.fields?.get(name)} />`}
    <//>`;
}

function Wish({ wrong }) {
    const names = assistantNames.value;
    return html`
        <${Field} label="Phone number" name="phone_number" type="tel" required autofocus autocomplete="off" placeholder="+1 415 555 0100"
            hint="With country code, starting with +." error=${wrong("phone_number")} />
        <${Field} label="Name" name="name" autocomplete="off" hint="Whom the call is for; the assistant may use it." error=${wrong("name")} />
        <${Field} label="Assistant" name="assistant" as="select" error=${wrong("assistant")}>
            <option value="">The default one</option>
            ${names.map((name) => html`<option value=${name}>${name}</option>`)}
        <//>
        <details>
            <summary>More</summary>
            <div class="stack details-body">
                <${Field} label="Instructions" name="instructions" as="textarea" hint="In place of the assistant's own." error=${wrong("instructions")} />
                <${Field} label="Not before" name="scheduled_at" type="datetime-local" hint="In your local time; at once if left blank." error=${wrong("scheduled_at")} />
                <${Field} label="Time zone of the number" name="time_zone" placeholder="America/New_York" hint="For the hours in which it may be called." error=${wrong("time_zone")} />
            </div>
        </details>`;
}
