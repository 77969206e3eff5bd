// What can be done with a call that runs, each asked twice.

import { useState } from "preact/hooks";
import { api } from "../api.js";
import { phoneNumber } from "../format.js";
import { html } from "../html.js";
import { may } from "../session.js";
import { otherSide } from "../words.js";
import { Confirm } from "./dialog.js";
import { Field } from "./field.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";

export function CallActs({ call, small = false }) {
    const [open, setOpen] = useState(null);
    const size = small ? "button-small" : "";
    if (!may("calls:create")) return null;
    const close = () => setOpen(null);
    return html`<div class="row">
        <button type="button" class="button ${size}" disabled=${call.status !== "connected"} onClick=${() => setOpen("transfer")}>
            <${Icon} name="transfer" /> Transfer
        </button>
        <button type="button" class="button button-danger ${size}" onClick=${() => setOpen("hang-up")}>
            <${Icon} name="phone-down" /> Hang up
        </button>
        ${open === "hang-up" && html`<${HangUp} call=${call} onClose=${close} />`}
        ${open === "transfer" && html`<${Transfer} call=${call} onClose=${close} />`}
    </div>`;
}

function HangUp({ call, onClose }) {
    const act = async () => {
        await api.hangUp(call.id);
        toast("The call ends in a moment.");
    };
    return html`<${Confirm} title="Hang up?" verb="Hang up" tone="danger-full" act=${act} onClose=${onClose}>
        <p>The call with ${phoneNumber(otherSide(call))} ends at once. The caller hears no goodbye.</p>
    <//>`;
}

function Transfer({ call, onClose }) {
    const act = async (form) => {
        await api.transfer(call.id, form.get("to"));
        toast("The other phone rings in a moment.");
    };
    return html`<${Confirm} title="Transfer the call" verb="Transfer" act=${act} onClose=${onClose}>
        ${(error) => html`
            <p>The assistant leaves the call, and the other phone rings. If nobody takes it, the assistant comes back.</p>
            <${Field} label="Number to ring" name="to" type="tel" autofocus required placeholder="+1 415 555 0100"
                hint="With country code, starting with +." error=${error?.fields?.get("to")} />`}
    <//>`;
}
