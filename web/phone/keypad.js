// The keys of a phone, also by the keyboard of the computer.

import { useLayoutEffect } from "preact/hooks";
import { html } from "../html.js";

const KEYS = [
    ["1", ""], ["2", "ABC"], ["3", "DEF"],
    ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
    ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"],
    ["*", ""], ["0", ""], ["#", ""],
];
const SPOKEN = { "*": "Star", "#": "Hash" };

/** @param {{press: (digit: string) => void}} props */
export function Keypad({ press }) {
    useKeyboard(press);
    return html`<div class="keypad" role="group" aria-label="Keypad, also by the keyboard">
        ${KEYS.map(([digit, letters]) => html`<button key=${digit} type="button" class="key" aria-label=${SPOKEN[digit]} onClick=${() => press(digit)}>
            <span class="key-digit">${digit}</span><span class="key-letters" aria-hidden="true">${letters}</span>
        </button>`)}
    </div>`;
}

function useKeyboard(press) {
    useLayoutEffect(() => {
        const onKey = (event) => isDigit(event) && press(event.key);
        document.addEventListener("keydown", onKey);
        return () => document.removeEventListener("keydown", onKey);
    }, [press]);
}

/** Not what is typed into a field, nor a shortcut, nor a key held down. */
function isDigit(event) {
    const elsewhere = event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey || event.repeat;
    return !elsewhere && KEYS.some(([digit]) => digit === event.key);
}
