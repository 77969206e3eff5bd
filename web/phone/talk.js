// A call that is being made or held: how long, how loud, and what can be done with it.

import { useCallback, useEffect, useState } from "preact/hooks";
import { duration } from "../format.js";
import { html } from "../html.js";
import { Icon } from "../ui/icon.js";
import { Notice } from "../ui/states.js";
import { useKeyboardHere } from "./focus.js";
import { Keypad } from "./keypad.js";

/** After so long without a sound, the microphone is suspected, in ms. */
const SUSPICIOUS_AFTER = 6000;

const STATES = { preparing: "Waiting for the microphone", connecting: "Calling", live: "In call" };

/** @param {{handset: import("./handset.js").Handset}} props */
export function Talk({ handset }) {
    const isLive = handset.state.value === "live";
    const press = useCallback((digit) => handset.press(digit), [handset]);
    const part = useKeyboardHere();
    return html`<div class="talk" tabindex="-1" role="group" aria-label="Call" ref=${part}>
        <p class="talk-state"><span class="pulse pulse-on"></span>${STATES[handset.state.value]}</p>
        <${Timer} handset=${handset} />
        <${Troubles} handset=${handset} />
        <${Meter} side="assistant" title="Assistant" level=${handset.levels.assistant} />
        <${Meter} side="caller" title=${titleOfCaller(handset)} level=${handset.levels.caller} />
        ${isLive && html`<${Keypad} press=${press} />`}
        <div class="talk-acts">
            ${isLive && !handset.silent.value && html`<${Mute} handset=${handset} />`}
            <button type="button" class="button button-danger-full" onClick=${() => handset.hangUp()}>
                <${Icon} name="phone-down" /> ${isLive ? "Hang up" : "Cancel"}</button>
        </div>
    </div>`;
}

function titleOfCaller(handset) {
    if (handset.silent.value) return "You, without a microphone";
    return handset.muted.value ? "You, muted" : "You";
}

function Timer({ handset }) {
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        const timer = setInterval(() => setNow(Date.now()), 250);
        return () => clearInterval(timer);
    }, []);
    const since = handset.since.value ?? now;
    return html`<p class="talk-timer" role="timer" aria-label="Time in call">${duration(Math.floor((now - since) / 1000))}</p>`;
}

function Meter({ side, title, level }) {
    const style = { transform: `scaleX(${level.value.toFixed(3)})` };
    return html`<div class="talk-meter">
        <span class="small muted">${title}</span>
        <span class="meter meter-${side}" aria-hidden="true"><span class="meter-fill" style=${style}></span></span>
    </div>`;
}

function Mute({ handset }) {
    const muted = handset.muted.value;
    return html`<button type="button" class="button" aria-pressed=${String(muted)} onClick=${() => handset.toggleMute()}>
        <${Microphone} off=${muted} /> ${muted ? "Muted" : "Mute"}</button>`;
}

function Microphone({ off }) {
    const path = "M10 3a2.2 2.2 0 0 0-2.2 2.2v4a2.2 2.2 0 0 0 4.4 0v-4A2.2 2.2 0 0 0 10 3M5 9a5 5 0 0 0 10 0M10 14v3";
    return html`<svg width="16" height="16" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.7"
        stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${off ? `${path}M3.5 3.5l13 13` : path} /></svg>`;
}

function Troubles({ handset }) {
    const suspected = useSuspicion(handset);
    const taken = handset.interrupted.value;
    return html`
        ${taken === "sound" && html`<${Notice} tone="warn">The browser holds the sound back.
            <button type="button" class="button button-small" onClick=${() => handset.resumeSound()}>Turn it on again</button><//>`}
        ${taken === "microphone" && html`<${Notice} tone="warn">The microphone is gone. You can listen, use the keypad, or call again.<//>`}
        ${suspected && !taken && html`<${Notice} tone="warn">Your microphone gives no sound. Is it switched off, or the wrong one?<//>`}
        ${handset.counts.value.framesDropped > 0 && html`<${Notice} tone="warn">Your connection is too slow: parts of what you said were lost.<//>`}
    `;
}

function useSuspicion(handset) {
    const [late, setLate] = useState(false);
    const since = handset.since.value;
    useEffect(() => {
        const timer = since === null ? null : setTimeout(() => setLate(true), SUSPICIOUS_AFTER);
        return () => clearTimeout(timer);
    }, [since]);
    return late && !handset.audible.value && !handset.muted.value && !handset.silent.value;
}
