// The page as a whole: who is at it, and what is shown.

import { effect } from "@preact/signals";
import { render } from "preact";
import { loadAssistantNames } from "./assistants.js";
import { startEvents, stopEvents } from "./events.js";
import { html } from "./html.js";
import { Assistants } from "./pages/assistants.js";
import { Call } from "./pages/call.js";
import { Calls } from "./pages/calls.js";
import { Live } from "./pages/live.js";
import { NotFound } from "./pages/not-found.js";
import { Overview } from "./pages/overview.js";
import { Phone } from "./pages/phone.js";
import { Setup } from "./pages/setup.js";
import { SignIn } from "./pages/sign-in.js";
import { route, startRouter } from "./router.js";
import { watchRunning } from "./running.js";
import { may, mustSignIn, openSession, session, sessionError } from "./session.js";
import { Shell } from "./shell.js";
import { Failure, Skeleton } from "./ui/states.js";
import { Toasts } from "./ui/toast.js";

const PAGES = {
    "/": ["Overview", Overview],
    "/calls": ["Calls", Calls],
    "/live": ["Live", Live],
    "/phone": ["Phone", Phone],
    "/assistants": ["Assistants", Assistants],
    "/setup": ["Setup", Setup],
};

function pageAt(path) {
    const call = /^\/calls\/([^/]+)$/.exec(path);
    if (call) return { title: "Call", page: html`<${Call} key=${call[1]} id=${decodeURIComponent(call[1])} />` };
    const [title, Page] = PAGES[path] ?? ["Not found", NotFound];
    return { title, page: html`<${Page} key=${path} />` };
}

function App() {
    if (sessionError.value) return html`<main class="alone"><${Failure} as="h1" error=${sessionError.value} retry=${openSession} /></main>`;
    if (!session.value) return html`<main class="alone"><${Skeleton} /></main>`;
    if (mustSignIn.value) return html`<${SignIn} /><${Toasts} />`;
    const { title, page } = pageAt(route.value.path);
    return html`<${Shell} title=${title}>${page}<//><${Toasts} />`;
}

/** Whoever may see calls hears of them for as long as the session lasts. */
effect(() => {
    if (!may("calls:read")) return undefined;
    startEvents();
    loadAssistantNames().catch(() => {});
    const unwatch = watchRunning();
    return () => {
        unwatch();
        stopEvents();
    };
});

effect(() => {
    document.title = mustSignIn.value ? "Sign in · alpha-call" : `${pageAt(route.value.path).title} · alpha-call`;
});

// A browser may keep a page that was left, with its connection, of which it has six for a host.
// https://developer.mozilla.org/docs/Glossary/bfcache
addEventListener("pagehide", stopEvents);
addEventListener("pageshow", (event) => event.persisted && location.reload());

startRouter();
openSession();
render(html`<${App} />`, document.getElementById("app"));
