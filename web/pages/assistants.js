import { html } from "../html.js";

export function Assistants() {
    return html`<h1>Assistants</h1>`;
}
