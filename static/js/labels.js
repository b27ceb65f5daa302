/* Label errors by keyboard: j and k go from row to row, f fixes, u undoes this row or else the last one fixed. */
(() => {
  "use strict";
  const rows = () => [...document.querySelectorAll("[data-label-row]")];
  const here = () => document.activeElement && document.activeElement.closest("[data-label-row]");
  const focusOn = (row) => { if (row) row.querySelector(".veil").focus(); };
  const button = (row, key) => row && row.querySelector(`button[data-key="${key}"]`);
  const typing = (el) => el instanceof Element && el.matches("input, textarea, select, [contenteditable]");
  const fixed = [];  /* ids of the rows fixed on this page, the last one at the end */

  const step = (by) => {
    const all = rows();
    const at = all.indexOf(here());
    focusOn(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)]);
  };
  const undo = () => {
    let found = button(here(), "u");
    while (!found && fixed.length) found = button(document.getElementById(fixed.pop()), "u");
    if (found) found.click();
  };
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    f: () => { const found = button(here(), "f"); if (found) found.click(); },
    u: undo,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (document.querySelector("dialog[open]") || typing(event.target) || !keys[event.key]) return;
    if (document.querySelector("[data-label-row] form.htmx-request")) return;
    event.preventDefault();
    keys[event.key]();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const row = event.detail.elt && document.getElementById(event.detail.elt.id);
    if (!row || !row.matches("[data-label-row]")) return;
    if (button(row, "u")) fixed.push(row.id);
    const said = row.querySelector("[data-said]");
    if (said) document.getElementById("announce").textContent = said.textContent;
    focusOn(row);
  });
})();
