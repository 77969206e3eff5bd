// Addresses: which page is shown, and with what query. The history of the browser is the only memory.

import { signal } from "@preact/signals";

/** @type {import("@preact/signals").Signal<{path: string, query: URLSearchParams}>} */
export const route = signal(here());

function here() {
    const path = location.pathname.replace(/(.)\/+$/, "$1");
    return { path, query: new URLSearchParams(location.search) };
}

/** Goes to another address of this page. */
export function go(address, { replace = false } = {}) {
    const samePath = new URL(address, location.href).pathname === location.pathname;
    history[replace ? "replaceState" : "pushState"](null, "", address);
    route.value = here();
    if (!samePath) scrollTo(0, 0);
}

/** The present address with some of its query changed; blank values leave it. */
export function withQuery(changes) {
    const query = new URLSearchParams(route.value.query);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === undefined || value === "") query.delete(name);
        else query.set(name, value);
    }
    const text = query.toString();
    return text ? `${route.value.path}?${text}` : route.value.path;
}

/** Whatever is an address of this page is gone to without loading it anew. */
const OURS = [/^\/$/, /^\/calls(\/[^/]+)?\/?$/, /^\/(live|phone|assistants|setup)\/?$/];

function onClick(event) {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    const to = new URL(link.href, location.href);
    if (to.origin !== location.origin || to.hash || !OURS.some((ours) => ours.test(to.pathname))) return;
    event.preventDefault();
    go(to.pathname + to.search);
}

export function startRouter() {
    addEventListener("popstate", () => (route.value = here()));
    document.addEventListener("click", onClick);
}
