// How loud both sides of a call are. The room is there before the first level comes.

import { html } from "../html.js";

const SILENT = { caller: 0, assistant: 0 };

export function LevelMeters({ level = SILENT }) {
    return html`<span class="levels" aria-hidden="true">
        <span class="levels-name">Caller</span><${Level} side="caller" value=${level.caller} />
        <span class="levels-name">Assistant</span><${Level} side="assistant" value=${level.assistant} />
    </span>`;
}

function Level({ side, value }) {
    return html`<span class="meter meter-${side}"><span class="meter-fill" style=${{ transform: `scaleX(${Math.min(1, value)})` }}></span></span>`;
}
