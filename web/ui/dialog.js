// Dialogs: the browser's own, which keeps the focus and closes by Escape.

import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "./icon.js";
import { Refusal } from "./states.js";

export function Dialog({ title, onClose, wide = false, children }) {
    const dialog = useRef(null);
    const id = useId();
    useLayoutEffect(() => {
        const element = dialog.current;
        element.showModal();
        // A dialog that closes gives the focus back; one that is merely taken away does not.
        return () => element.close();
    }, []);
    const onBackdrop = (event) => event.target === dialog.current && onClose();
    return html`<dialog ref=${dialog} class=${`dialog ${wide ? "dialog-wide" : ""}`} aria-labelledby=${id} onClose=${onClose} onMouseDown=${onBackdrop}>
        <div class="dialog-head">
            <h2 id=${id}>${title}</h2>
            <button type="button" class="button button-quiet button-small button-icon" aria-label="Close" onClick=${onClose}>
                <${Icon} name="cross" />
            </button>
        </div>
        ${children}
    </dialog>`;
}

/** Asks before something is done that cannot be taken back. `act` may fail; the dialog then says why. */
export function Confirm({ title, children, verb, tone = "primary", act, onClose }) {
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const form = useRef(null);
    useEffect(() => form.current.querySelector("[aria-invalid=true]")?.focus(), [error]);
    const submit = async (event) => {
        event.preventDefault();
        setBusy(true);
        try {
            await act(new FormData(event.target));
            onClose();
        } catch (refused) {
            setError(refused);
            setBusy(false);
        }
    };
    const content = typeof children === "function" ? children(error) : children;
    return html`<${Dialog} title=${title} onClose=${onClose}>
        <form ref=${form} onSubmit=${submit} novalidate>
            <div class="dialog-body">${content}</div>
            <div class="dialog-foot">
                ${error && !standsAtFields(error, form.current) && html`<${Refusal} error=${error} />`}
                <button type="button" class="button" onClick=${onClose}>Cancel</button>
                <button class="button button-${tone}" disabled=${busy}>${busy ? "One moment…" : verb}</button>
            </div>
        </form>
    <//>`;
}

/** Whether all that is wrong is told beside fields of the form. */
function standsAtFields({ fields }, form) {
    return fields?.size > 0 && [...fields.keys()].every((name) => form.elements.namedItem(name));
}
