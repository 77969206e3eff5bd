// Where the keyboard is when a part of the page gives way to another. It is put on the part as a whole and not on a button
// of it, since a key that is still held down would press that at once.

import { useEffect, useRef } from "preact/hooks";

/** For the ref of a part with a tabindex of -1, which takes the keyboard when it appears, if `takes`. */
export function useKeyboardHere(takes = true) {
    const part = useRef(null);
    useEffect(() => {
        if (takes) part.current.focus({ preventScroll: true });
    }, []);
    return part;
}
