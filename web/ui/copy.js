// Things that can be copied.

import { useState } from "preact/hooks";
import { phoneNumber } from "../format.js";
import { html } from "../html.js";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";

export function CopyButton({ text, what }) {
    const [done, setDone] = useState(false);
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text);
            setDone(true);
            setTimeout(() => setDone(false), 1_500);
        } catch {
            toast("The browser does not let this page copy.", "bad");
        }
    };
    return html`<button type="button" class="button button-quiet button-small button-icon" onClick=${copy} title=${`Copy ${what}`}>
        <${Icon} name=${done ? "check" : "copy"} size=${14} />
        <span class="hidden-text" aria-live="polite">${done ? "Copied" : `Copy ${what}`}</span>
    </button>`;
}

export function Copyable({ text, what = "this" }) {
    return html`<div class="copyable"><code>${text}</code><${CopyButton} text=${text} what=${what} /></div>`;
}

export function PhoneNumber({ number, copy = false }) {
    return html`<span class="nowrap">${phoneNumber(number)}${copy && number && html` <${CopyButton} text=${number} what="the number" />`}</span>`;
}
