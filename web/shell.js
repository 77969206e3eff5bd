// What stands around every page: where to go, whether news arrive, who is signed in.

import { useEffect, useRef, useState } from "preact/hooks";
import { connection } from "./events.js";
import { html } from "./html.js";
import { route } from "./router.js";
import { runningCalls } from "./running.js";
import { session, signOut } from "./session.js";
import { chooseTheme, theme } from "./theme.js";
import { Badge } from "./ui/badge.js";
import { Icon, Logo } from "./ui/icon.js";

const PLACES = [
    ["/", "home", "Overview"],
    ["/calls", "calls", "Calls"],
    ["/live", "live", "Live"],
    ["/phone", "phone", "Phone"],
    ["/assistants", "assistant", "Assistants"],
    ["/setup", "setup", "Setup"],
];

export function Shell({ title, children }) {
    const [open, setOpen] = useState(false);
    const main = useRef(null);
    const path = route.value.path;
    const first = useRef(true);
    useEffect(() => {
        setOpen(false);
        // A new page is read from its beginning, as after a load.
        if (!first.current) main.current.focus({ preventScroll: true });
        first.current = false;
    }, [path]);
    const toMain = (event) => {
        event.preventDefault();
        main.current.focus();
    };
    return html`<div class="shell">
        <a class="button skip-link" href="#main" onClick=${toMain}>Skip to the content</a>
        <header class="sidebar ${open ? "sidebar-open" : ""}">
            <div class="sidebar-head">
                <a class="brand" href="/"><${Logo} /><span>alpha-call</span></a>
                <span class="head-badge grow"><${SimulatedBadge} /></span>
                <button type="button" class="button button-quiet button-icon menu-button" aria-expanded=${String(open)} aria-controls="places"
                    aria-label="Menu" onClick=${() => setOpen(!open)}><${Icon} name=${open ? "cross" : "menu"} size=${20} /></button>
            </div>
            <div class="sidebar-body" id="places">
                <${Places} path=${path} />
                <${Foot} />
            </div>
        </header>
        <main class="main" id="main" tabindex="-1" ref=${main} aria-label=${title}>${children}</main>
    </div>`;
}

function Places({ path }) {
    const isHere = (place) => (place === "/" ? path === "/" : path === place || path.startsWith(`${place}/`));
    return html`<nav class="places" aria-label="Pages">
        ${PLACES.map(([place, icon, title]) => html`<a key=${place} class="place" href=${place} aria-current=${isHere(place) ? "page" : undefined}>
            <${Icon} name=${icon} size=${18} /><span class="grow">${title}</span>${place === "/live" && html`<${LiveCount} />`}
        </a>`)}
        <a class="place" href="/docs"><${Icon} name="book" size=${18} /><span class="grow">API</span></a>
    </nav>`;
}

function LiveCount() {
    const running = runningCalls.value.length;
    if (running === 0) return null;
    return html`<span class="place-count">${running}<span class="hidden-text"> running</span></span>`;
}

function SimulatedBadge() {
    if (!session.value.simulated) return null;
    return html`<${Badge} tone="play" icon="flask" title="Carrier and model are simulated: nobody is really called.">Simulated<//>`;
}

const NEWS = {
    off: ["calm", "No live updates", "This page does not hear of news by itself."],
    connecting: ["warn", "Connecting", "Asking the server for its events."],
    live: ["good", "Live updates", "News appear by themselves."],
    reconnecting: ["warn", "Reconnecting", "The connection was lost; it is tried again and again."],
};

function Foot() {
    const { environment, key_required: keyRequired, version } = session.value;
    const [tone, title, detail] = NEWS[connection.value];
    return html`<div class="sidebar-foot">
        <span class="foot-badge"><${SimulatedBadge} /></span>
        <div class="connection connection-${tone}" role="status" title=${detail}>
            <span class="pulse ${connection.value === "live" ? "pulse-on" : ""}"></span>${title}
        </div>
        <${ThemeSwitch} />
        ${keyRequired && html`<button type="button" class="button button-quiet sign-out" onClick=${() => signOut()}>
            <${Icon} name="sign-out" /> Sign out</button>`}
        <p class="version muted">${environment} · ${version}</p>
    </div>`;
}

const THEMES = [["light", "sun", "Light"], ["system", "system", "As the system has it"], ["dark", "moon", "Dark"]];

function ThemeSwitch() {
    return html`<div class="choices theme-switch" role="group" aria-label="Theme">
        ${THEMES.map(([word, icon, title]) => html`<button key=${word} type="button" class="choice" title=${title} aria-label=${title}
            aria-pressed=${String(theme.value === word)} onClick=${() => chooseTheme(word)}><${Icon} name=${icon} size=${15} /></button>`)}
    </div>`;
}
