/* The copy button beside a new key. Without scripts, or where the clipboard is closed, the key is selected instead. */
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
      announce.textContent = "The key is copied.";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(shown);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      announce.textContent = "The key is selected; copy it with Ctrl C.";
    }
  });
})();
