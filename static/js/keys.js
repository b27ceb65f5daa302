/* Copy buttons beside a key or a text. Without scripts, or where the clipboard is closed, what is shown is selected. */
(() => {
  "use strict";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const shown = document.getElementById(button.dataset.copy);
    const announce = document.getElementById("announce");
    try {
      await navigator.clipboard.writeText(shown.textContent.trim());
      button.textContent = button.dataset.copied;
      announce.textContent = "Copied.";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(shown);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      announce.textContent = "Selected; copy it with Ctrl C.";
    }
  });
})();
