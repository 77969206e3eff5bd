// Light, dark, or as the system has it.

import { computed, effect, signal } from "@preact/signals";

const KEY = "alpha-call.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(system.matches);
system.addEventListener("change", (change) => (systemIsDark.value = change.matches));

/** What was chosen: "light", "dark" or "system". */
export const theme = signal(document.documentElement.dataset.theme ?? "system");

export const isDark = computed(() => (theme.value === "system" ? systemIsDark.value : theme.value === "dark"));

effect(() => {
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
});

/** @param {"light" | "dark" | "system"} wanted */
export function chooseTheme(wanted) {
    theme.value = wanted;
    try {
        localStorage.setItem(KEY, wanted);
    } catch {
        // It holds until the page is left.
    }
}

/** A colour of tokens.css as a canvas takes it: canvases know neither var() nor light-dark(). */
export function colour(name) {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const resolved = getComputedStyle(probe).color;
    probe.remove();
    return resolved;
}
