// The calls of the present filters as a CSV file: the API's own, page by page, joined.

import { useState } from "preact/hooks";
import { request, queryOf } from "../api.js";
import { html } from "../html.js";
import { saveFile } from "../save-file.js";
import { Icon } from "../ui/icon.js";
import { toast } from "../ui/toast.js";

const PAGE = 200;
const MOST = 10_000;

export function DownloadCalls({ query }) {
    const [busy, setBusy] = useState(false);
    const download = async () => {
        setBusy(true);
        try {
            const { text, whole } = await allAsCsv(query);
            saveFile("call-history.csv", "text/csv", text);
            if (!whole) toast(`The file holds the first ${MOST} calls. Narrow the filters for the others.`);
        } catch (error) {
            toast(`${error.title}. ${error.detail}`, "bad");
        } finally {
            setBusy(false);
        }
    };
    return html`<button type="button" class="button" disabled=${busy} onClick=${download}><${Icon} name="download" /> ${busy ? "Loading…" : "CSV"}</button>`;
}

/** The next page is where the Link header leads (RFC 8288). The names of the columns are kept once. */
async function allAsCsv(query) {
    let path = `/api/call-history${queryOf({ ...query, limit: PAGE })}`;
    let text = "";
    for (let rows = 0; path && rows < MOST; rows += PAGE) {
        const response = await request(path, { accept: "text/csv" });
        const page = await response.text();
        text += text ? page.slice(page.indexOf("\r\n") + 2) : page;
        path = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    return { text, whole: !path };
}
