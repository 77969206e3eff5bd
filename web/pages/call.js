import { html } from "../html.js";

export function Call() {
    return html`<h1>Call</h1>`;
}
