// The names of the assistants, for filters and forms.

import { computed, signal } from "@preact/signals";
import { api } from "./api.js";

const configured = signal([]);
/** Calls of long ago may be those of assistants that are no more. */
const seen = signal(new Set());

export const assistantNames = computed(() => [...new Set([...configured.value, ...seen.value])].sort());

export async function loadAssistantNames() {
    const { assistants } = await api.assistants();
    configured.value = assistants.map((assistant) => assistant.name);
}

/** @param {{assistant: string}[]} calls */
export function noteAssistants(calls) {
    const news = calls.map((call) => call.assistant).filter((name) => name && !seen.value.has(name));
    if (news.length > 0) seen.value = new Set([...seen.value, ...news]);
}
