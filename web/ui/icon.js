// Line drawings of 20 by 20. They say nothing to a screen reader: words stand beside them.

import { html } from "../html.js";

const PATHS = {
    alert: "M10 3.2 18 16.8H2zM10 8v4M10 14.3v.2",
    arrow: "M4 10h12M11 5l5 5-5 5",
    assistant: "M5 7.5h10v7H5zM10 4.5v3M8 10.5v1M12 10.5v1M2.8 10v2.5M17.2 10v2.5",
    ban: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M5 5l10 10",
    book: "M4 4.5h5a1.5 1.5 0 0 1 1.5 1.5v10.5A1.5 1.5 0 0 0 9 15H4zM16.5 4.5H12A1.5 1.5 0 0 0 10.5 6M16.5 4.5V15H12a1.5 1.5 0 0 0-1.5 1.5",
    calls: "M7.5 5.5h9M7.5 10h9M7.5 14.5h9M3.5 5.5h.5M3.5 10h.5M3.5 14.5h.5",
    check: "M4 10.5 8 14.5 16 6",
    chevron: "M8 5l5 5-5 5",
    clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 6.5V10l2.5 2",
    copy: "M7.5 7.5h9v9h-9zM12.5 7.5v-4h-9v9h4",
    cut: "M3 10h5M10.5 4.5v11M13.5 10h.5M17 10h.1",
    cross: "M5 5l10 10M15 5 5 15",
    download: "M10 3v9M6 8.5l4 4 4-4M4 16.5h12",
    flask: "M8 3h4M8.5 3v4.5L4.5 15a1.2 1.2 0 0 0 1 1.8h9a1.2 1.2 0 0 0 1-1.8l-4-7.5V3M6.5 12.5h7",
    home: "M3.5 16.5v-6M8 16.5v-10M12.3 16.5V9M16.5 16.5v-13",
    incoming: "M15 5 5 15M5 7.5V15h7.5",
    key: "M12.5 3.5a4 4 0 1 0 0 8 4 4 0 0 0 0-8M9.5 10.5 3.5 16.5M5 15l2 2",
    live: "M10 8.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3M6.5 6.5a5 5 0 0 0 0 7M13.5 6.5a5 5 0 0 1 0 7M4 4a8.5 8.5 0 0 0 0 12M16 4a8.5 8.5 0 0 1 0 12",
    menu: "M3.5 6h13M3.5 10h13M3.5 14h13",
    minus: "M5 10h10",
    moon: "M16.5 11.5A6.8 6.8 0 0 1 8.5 3.5a6.8 6.8 0 1 0 8 8z",
    outgoing: "M5 15 15 5M7.5 5H15v7.5",
    phone: "M5.5 3.5h2.3l1.2 3.3-1.7 1.3a9.5 9.5 0 0 0 4.6 4.6l1.3-1.7 3.3 1.2v2.3c0 .8-.7 1.5-1.5 1.5A11 11 0 0 1 4 5c0-.8.7-1.5 1.5-1.5z",
    "phone-out": "M12 8l4.5-4.5M13 3.5h3.5V7M4.5 4.5h2l1 3-1.5 1.2a8.5 8.5 0 0 0 4.3 4.3L11.5 11.5l3 1v2c0 .8-.7 1.5-1.5 1.5A10 10 0 0 1 3 6c0-.8.7-1.5 1.5-1.5z",
    "phone-down": "M3 12.5c0-2 3-4 7-4s7 2 7 4v1.2l-3.8-.7v-2a9 9 0 0 0-6.4 0v2L3 13.7z",
    refresh: "M16 10a6 6 0 1 1-1.8-4.3M16 3.5v3.3h-3.3",
    search: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4M12.7 12.7 16.5 16.5",
    setup: "M4 6.5h6M14 6.5h2M4 13.5h2M10 13.5h6M12 4.7a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6M8 11.7a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6",
    "sign-out": "M8.5 3.5h-5v13h5M8 10h8.5M13 6.5l3.5 3.5-3.5 3.5",
    sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M4.7 15.3l1-1M14.3 5.7l1-1",
    system: "M3 4.5h14v9H3zM7.5 16.5h5",
    tool: "M12.5 3.5a4 4 0 0 0-3.7 5.4L3.5 14.2l2.3 2.3 5.3-5.3A4 4 0 0 0 16.5 6.5l-2.3 2.2-2.4-.5-.5-2.4z",
    transfer: "M3.5 7h12M12 3.5 15.5 7 12 10.5M16.5 13h-12M8 9.5 4.5 13 8 16.5",
    wave: "M4 9v2M7 6.5v7M10 4v12M13 6.5v7M16 9v2",
};

export function Icon({ name, size = 16 }) {
    return html`<svg width=${size} height=${size} viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.7"
        stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}

/** The mark of the product: a voice, drawn as in favicon.svg. */
export function Logo() {
    return html`<svg class="logo" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#3450c9" />
        <path d="M7 14.5v3M12 10.5v11M16.5 7v18M21 11.5v9M25.5 14.5v3" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" />
    </svg>`;
}
