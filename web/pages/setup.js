import { html } from "../html.js";

export function Setup() {
    return html`<h1>Setup</h1>`;
}
