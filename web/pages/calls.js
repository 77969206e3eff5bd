import { html } from "../html.js";

export function Calls() {
    return html`<h1>Calls</h1>`;
}
