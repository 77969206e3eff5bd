// A thing of the API as it is, to be read, copied or kept.

import { html } from "../html.js";
import { saveFile } from "../save-file.js";
import { CopyButton } from "./copy.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";

export function JsonDialog({ title, name, value, onClose }) {
    const text = JSON.stringify(value, null, 2);
    return html`<${Dialog} title=${title} wide onClose=${onClose}>
        <div class="dialog-body">
            <pre class="json" tabindex="0" aria-label="JSON">${text}</pre>
            <div class="row">
                <button type="button" class="button" onClick=${() => saveFile(name, "application/json", text)}><${Icon} name="download" /> Download</button>
                <${CopyButton} text=${text} what="the JSON" />
            </div>
        </div>
    <//>`;
}
