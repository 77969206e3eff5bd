import { html } from "../html.js";
import { Blank } from "../ui/states.js";

export function NotFound() {
    const home = html`<a class="button" href="/">Go to the overview</a>`;
    return html`<${Blank} icon="search" as="h1" title="There is no such page" action=${home}>Perhaps it has moved, or the address has a slip in it.<//>`;
}
