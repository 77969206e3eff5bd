// Signing in with a key of the API. It stays in this tab and is sent in a header alone.

import { useState } from "preact/hooks";
import { html } from "../html.js";
import { farewell, session, signIn } from "../session.js";
import { Field } from "../ui/field.js";
import { Logo } from "../ui/icon.js";
import { Notice, Refusal } from "../ui/states.js";

export function SignIn() {
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const submit = async (event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        try {
            await signIn(new FormData(event.target).get("key").trim());
        } catch (refused) {
            setError(refused);
            setBusy(false);
        }
    };
    const wrong = error?.status === 401 ? "This key is not known. Keys are case-sensitive, and may have been revoked." : null;
    return html`<main class="alone stack">
        <div class="brand"><${Logo} /><h1>alpha-call</h1></div>
        <form class="card card-body stack" onSubmit=${submit}>
            ${farewell.value && html`<${Notice} tone="warn">${farewell.value}<//>`}
            <${Field} label="API key" name="key" type="password" autocomplete="off" autofocus required spellcheck=${false} error=${wrong} />
            ${!wrong && html`<${Refusal} error=${error} />`}
            <button class="button button-primary" disabled=${busy}>${busy ? "One moment…" : "Sign in"}</button>
            <p class="small muted">Make one with <code>alpha-call keys create</code>, or use one of <code>API_KEYS</code>.
                It is kept in this tab until you sign out or close it.</p>
        </form>
        <p class="small muted">${session.value.environment} · ${session.value.version} · <a href="/docs">API documentation</a></p>
    </main>`;
}
