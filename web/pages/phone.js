// The phone in the browser is loaded when it is first wanted.

import { useEffect, useState } from "preact/hooks";
import { api } from "../api.js";
import { html } from "../html.js";
import { may } from "../session.js";
import { Blank, NeedsScope, Skeleton } from "../ui/states.js";

export function Phone() {
    const [page, setPage] = useState(null);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
        import("../phone/page.js").then((module) => setPage(() => module.Phone), () => setFailed(true));
    }, []);
    if (!may("calls:create")) return html`<${NeedsScope} scope="calls:create" as="h1" title="Your API key may not place calls" />`;
    if (failed) return html`<${Blank} icon="phone" title="The phone could not be loaded">Load the page anew to try again.<//>`;
    if (!page) return html`<${Skeleton} height="20rem" />`;
    const Loaded = page;
    return html`<${Loaded} api=${api} />`;
}
