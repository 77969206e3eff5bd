// Runs before anything is painted, so that a chosen theme does not flash. The key is that of theme.js.
try {
    const chosen = localStorage.getItem("alpha-call.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
    // Without storage the page follows the system.
}
