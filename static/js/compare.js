/* The page that compares two services: the threshold's slider, and the list of disagreements by keyboard.
   j and k go from text to text; 1 to 4 press the button of the text that has the focus. Without this file the number
   field has a button, and every row has its buttons. */
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);

  /* --- the slider: numbers at every whole percent come with the page ------------------------------------------ */
  const script = byId("curve");
  const slider = byId("c-slider");
  const field = document.querySelector("[data-threshold]");
  const curve = script ? JSON.parse(script.textContent) : [];
  const Z = 1.959964;
  const percent = (value) => `${(value * 100).toFixed(1)}%`;
  const count = (value) => value.toLocaleString("en");

  const wilson = (hits, of) => {
    const z = 1.96;
    const share = hits / of;
    const spread = (z * z) / of;
    const middle = (share + spread / 2) / (1 + spread);
    const half = (z * Math.sqrt((share * (1 - share)) / of + spread / (4 * of))) / (1 + spread);
    return [Math.max(middle - half, 0), Math.min(middle + half, 1)];
  };
  /* Cohen's kappa with the interval of Fleiss, Cohen and Everitt, as selectors/measures.py has it. */
  const kappa = ([both, onlyOurs, onlyTheirs, neither], n) => {
    const share = [[both / n, onlyOurs / n], [onlyTheirs / n, neither / n]];
    const first = share.map((row) => row[0] + row[1]);
    const second = [0, 1].map((at) => share[0][at] + share[1][at]);
    const observed = share[0][0] + share[1][1];
    const chance = first[0] * second[0] + first[1] * second[1];
    if (Math.abs(1 - chance) < 1e-9) return null;
    const value = (observed - chance) / (1 - chance);
    let same = 0;
    let other = 0;
    for (const i of [0, 1]) {
      same += share[i][i] * (1 - (first[i] + second[i]) * (1 - value)) ** 2;
      for (const j of [0, 1]) if (i !== j) other += share[i][j] * (second[i] + first[j]) ** 2;
    }
    other *= (1 - value) ** 2;
    const variance = (same + other - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2);
    const reach = Z * Math.sqrt(Math.max(variance, 0));
    return [value, Math.max(value - reach, -1), Math.min(value + reach, 1)];
  };
  const write = (name, text) => {
    for (const place of document.querySelectorAll(`[data-out="${name}"]`)) place.textContent = text;
  };
  const show = (step) => {
    const counts = curve[step];
    const n = counts.reduce((sum, each) => sum + each, 0);
    const [both, onlyOurs, onlyTheirs, neither] = counts;
    const [low, high] = wilson(both + neither, n);
    const agreed = kappa(counts, n);
    const threshold = String(step / 100);
    write("threshold", threshold);
    write("share", percent((both + neither) / n));
    write("interval", `${percent(low)} to ${percent(high)}`);
    write("kappa", agreed ? agreed[0].toFixed(2) : "–");
    write("kappa_interval", agreed ? `${agreed[1].toFixed(2)} to ${agreed[2].toFixed(2)}` : "");
    write("ours", percent((both + onlyOurs) / n));
    write("theirs", percent((both + onlyTheirs) / n));
    for (const [name, value] of Object.entries({ both, only_ours: onlyOurs, only_theirs: onlyTheirs, neither })) {
      write(name, count(value));
    }
    keep(threshold);
  };
  /* The address and what leads on from here keep the threshold. */
  const keep = (threshold) => {
    const here = new URL(window.location.href);
    here.searchParams.set("threshold", threshold);
    window.history.replaceState(window.history.state, "", here);
    for (const link of document.querySelectorAll("[data-at-threshold]")) {
      const url = new URL(link.href);
      url.searchParams.set("threshold", threshold);
      link.href = url.href;
    }
    for (const back of document.querySelectorAll("[data-compare-row] input[name=back]")) back.value = here.pathname + here.search;
  };
  const stepOf = (text) => {
    const step = Number(text) * 100;
    return text !== "" && step >= 0 && step <= 100 && Math.abs(step - Math.round(step)) < 1e-6 ? Math.round(step) : null;
  };
  if (slider && field && curve.length) {
    slider.addEventListener("input", () => {
      const step = Math.round(Number(slider.value) * 100);
      field.value = String(step / 100);
      show(step);
    });
    field.addEventListener("input", () => {
      const step = stepOf(field.value.replace(",", "."));
      if (step === null) return;  /* between two whole percents the button asks the server */
      slider.value = String(step / 100);
      show(step);
    });
  }

  /* --- the disagreements by keyboard --------------------------------------------------------------------------- */
  const rows = () => [...document.querySelectorAll("[data-compare-row]")];
  const here = () => document.activeElement && document.activeElement.closest("[data-compare-row]");
  const focusOn = (row) => { if (row) row.querySelector(".veil").focus(); };
  const typing = (el) => el instanceof Element && el.matches("textarea, select, [contenteditable], input:not([type=range])");
  const go = (by) => {
    const all = rows();
    const at = all.indexOf(here());
    focusOn(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)]);
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (document.querySelector("dialog[open]") || typing(event.target) || !rows().length) return;
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      go(event.key === "j" ? 1 : -1);
      return;
    }
    if (!/^[1-4]$/.test(event.key) || !here() || here().querySelector("form.htmx-request")) return;
    const found = here().querySelector(`button[data-key="${event.key}"]`);
    if (!found) return;
    event.preventDefault();
    found.click();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const row = event.detail.elt && byId(event.detail.elt.id);
    if (!row || !row.matches("[data-compare-row]")) return;
    const said = row.querySelector("[data-said]");
    if (said) byId("announce").textContent = said.textContent.trim();
    focusOn(row);
  });
})();
