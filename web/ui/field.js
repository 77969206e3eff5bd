// A field of a form: its label, what may stand in it, and what is wrong with what does.

import { useId } from "preact/hooks";
import { html } from "../html.js";

export function Field({ label, hint, error, as = "input", children, ...rest }) {
    const id = useId();
    const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
    return html`<div class="field">
        <label class="field-label" for=${id}>${label}</label>
        <${as} id=${id} class="input" aria-describedby=${described} aria-invalid=${error ? "true" : undefined} ...${rest}>${children}<//>
        ${hint && html`<span class="field-hint" id=${`${id}-hint`}>${hint}</span>`}
        ${error && html`<span class="field-error" id=${`${id}-error`}>${error}</span>`}
    </div>`;
}

/** A choice without a label to be seen, for rows of filters. @param {{options: [string, string][]}} props */
export function Choice({ label, value, options, onChange }) {
    return html`<select class="input select" aria-label=${label} value=${value ?? ""} onChange=${(event) => onChange(event.target.value)}>
        ${options.map(([word, title]) => html`<option value=${word} selected=${word === (value ?? "")}>${title}</option>`)}
    </select>`;
}
