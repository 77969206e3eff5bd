// Who is at the page: what the server is, whether it asks for a key, and what the key allows.

import { computed, signal } from "@preact/signals";
import { api, onUnauthenticated, useKey } from "./api.js";

const KEY = "alpha-call.key";

/** As GET /api/session tells, or null until it did. */
export const session = signal(null);
/** Why the session cannot be told. @type {import("@preact/signals").Signal<import("./api.js").ApiError | null>} */
export const sessionError = signal(null);
/** Why somebody who was signed in is not any more. */
export const farewell = signal(null);

export const mustSignIn = computed(() => session.value !== null && session.value.key_required && !session.value.signed_in);

/** Whether the key allows this; where no key is asked for, everything is. */
export function may(scope) {
    const known = session.value;
    if (!known || mustSignIn.value) return false;
    return !known.key_required || known.scopes.includes(scope) || known.scopes.includes("admin");
}

function storedKey() {
    try {
        return sessionStorage.getItem(KEY);
    } catch {
        return null;
    }
}

function keep(key) {
    useKey(key);
    try {
        if (key) sessionStorage.setItem(KEY, key);
        else sessionStorage.removeItem(KEY);
    } catch {
        // It holds until the page is left.
    }
}

export async function openSession() {
    useKey(storedKey());
    sessionError.value = null;
    try {
        session.value = await api.session();
    } catch (error) {
        if (error.status !== 401) sessionError.value = error;
    }
}

/** Throws if the key is not good. */
export async function signIn(key) {
    useKey(key);
    try {
        const opened = await api.session();
        keep(key);
        farewell.value = null;
        session.value = opened;
    } catch (error) {
        useKey(null);
        throw error;
    }
}

export async function signOut(why = null) {
    keep(null);
    farewell.value = why;
    try {
        session.value = await api.session();
    } catch (error) {
        sessionError.value = error;
    }
}

onUnauthenticated(() => {
    if (storedKey() || session.value?.signed_in) signOut("Your API key is not accepted any more. Please sign in again.");
    else if (session.value) session.value = { ...session.value, key_required: true, signed_in: false };
});
