/* Marking the words that mattered, by selecting them or by keyboard alone; loaded after queue.js. */
(() => {
  "use strict";
  const work = () => document.getElementById("work");
  const within = (selector) => work() && work().querySelector(selector);
  const announce = (text) => { document.getElementById("announce").textContent = text; };
  const highlights = window.CSS && CSS.highlights && window.Highlight ? CSS.highlights : null;
  const paint = (name, ranges) => {
    if (!highlights) return;
    if (ranges.length) highlights.set(name, new Highlight(...ranges));
    else highlights.delete(name);
  };

  /* --- marked words: offsets are code points of the text, as the server counts them --------------------- */
  const field = () => within("[data-marks]");
  const said = () => within(".said");
  const points = (text) => [...text].length;
  const read = () => { try { return JSON.parse(field().value) || []; } catch { return []; } };
  const merge = (marks) => {
    const merged = [];
    for (const mark of marks.sort((a, b) => a.begin - b.begin)) {
      const last = merged[merged.length - 1];
      if (last && mark.begin <= last.end) last.end = Math.max(last.end, mark.end);
      else merged.push({ ...mark });
    }
    return merged;
  };
  const selected = () => {
    const selection = document.getSelection();
    const box = said();
    if (!box || !selection || selection.isCollapsed || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    if (!box.contains(range.startContainer) || !box.contains(range.endContainer)) return null;
    const before = document.createRange();
    before.selectNodeContents(box);
    before.setEnd(range.startContainer, range.startOffset);
    const text = range.toString();
    const lead = points(text) - points(text.trimStart());
    const length = points(text.trim());
    const begin = points(before.toString()) + lead;
    return length ? { begin, end: begin + length } : null;
  };
  const rangeOf = (box, mark) => {
    const range = document.createRange();
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    let at = 0;
    let begun = false;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const letters = [...node.data];
      const unit = (count) => letters.slice(0, count).join("").length;
      if (!begun && mark.begin < at + letters.length) { range.setStart(node, unit(mark.begin - at)); begun = true; }
      if (begun && mark.end <= at + letters.length) { range.setEnd(node, unit(mark.end - at)); return range; }
      at += letters.length;
    }
    return null;
  };
  const write = (marks) => { field().value = JSON.stringify(marks); showMarks(); };
  const showMarks = () => {
    const list = within("[data-marks-list]");
    const box = said();
    if (!list || !field() || !box) return;
    const letters = [...box.textContent];
    const marks = read();
    list.replaceChildren(...marks.map((mark, place) => {
      const words = letters.slice(mark.begin, mark.end).join("");
      const item = document.createElement("li");
      const text = document.createElement("span");
      text.textContent = words;
      if (box.classList.contains("veil")) text.className = "veil";
      const off = document.createElement("button");
      off.type = "button";
      off.textContent = "×";
      off.dataset.unmark = String(place);
      off.setAttribute("aria-label", `Take away mark ${place + 1}`);
      item.append(text, off);
      return item;
    }));
    paint("marked", marks.map((mark) => rangeOf(box, mark)).filter(Boolean));
  };
  /* --- by selecting ------------------------------------------------------------------------------------ */
  let chosen = null;
  const label = (text) => { const place = within("[data-mark-label]"); if (place) place.textContent = text; };
  document.addEventListener("selectionchange", () => {
    const button = within("[data-mark]");
    if (!button) return;
    const now = mode ? null : selected();
    if (now) chosen = now;
    else if (document.activeElement !== button) chosen = null;
    label(chosen ? "Mark the selected words" : "Mark words by keyboard");
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-mark]") && field()) {
      if (!chosen) { enter(0); return; }
      write(merge([...read(), chosen]));
      chosen = null;
      document.getSelection().removeAllRanges();
      announce("Marked.");
    }
    const off = event.target.closest("[data-unmark]");
    if (off) write(read().filter((_, place) => place !== Number(off.dataset.unmark)));
  });

  /* --- by keyboard: a word is the current one, arrows move, space marks ---------------------------------- */
  const HINT = "Arrow keys move, with Shift they mark along, Space marks, Esc ends.";
  let mode = null; // { box, words, at, role, name, hint }
  let resume = null; // the place to go on from when the text was put anew
  const wordsOf = (text) => {
    const found = window.Intl && Intl.Segmenter
      ? [...new Intl.Segmenter(document.documentElement.lang, { granularity: "word" }).segment(text)]
        .filter((one) => one.isWordLike).map((one) => [one.index, one.segment])
      : [...text.matchAll(/[\p{L}\p{M}\p{N}_'’]+/gu)].map((one) => [one.index, one[0]]);
    const all = found.length ? found : [...text.matchAll(/\S+/gu)].map((one) => [one.index, one[0]]);
    let units = 0;
    let count = 0;
    return all.map(([index, word]) => {
      count += points(text.slice(units, index));
      units = index;
      return { begin: count, end: count + points(word), text: word };
    });
  };
  const covered = (word) => read().some((mark) => mark.begin <= word.begin && word.end <= mark.end);
  const without = (word) => read().flatMap((mark) => {
    if (mark.end <= word.begin || word.end <= mark.begin) return [mark];
    return [{ begin: mark.begin, end: word.begin }, { begin: word.end, end: mark.end }]
      .map((part) => tightened(part)).filter(Boolean);
  });
  const tightened = ({ begin, end }) => {
    const letters = [...mode.box.textContent];
    const word = /[\p{L}\p{M}\p{N}]/u;
    while (begin < end && !word.test(letters[begin])) begin += 1;
    while (begin < end && !word.test(letters[end - 1])) end -= 1;
    return begin < end ? { begin, end } : null;
  };
  const show = () => {
    const range = rangeOf(mode.box, mode.words[mode.at]);
    if (!range) return;
    paint("at-word", [range]);
    if (!highlights) { const there = document.getSelection(); there.removeAllRanges(); there.addRange(range); }
    const place = range.getBoundingClientRect();
    if (place.top < 80 || place.bottom > window.innerHeight - 20) window.scrollBy(0, place.top - window.innerHeight / 2);
  };
  const told = () => {
    const word = mode.words[mode.at];
    return `${word.text}, word ${mode.at + 1} of ${mode.words.length}${covered(word) ? ", marked" : ""}`;
  };
  const enter = (from) => {
    const box = said();
    const words = box ? wordsOf(box.textContent) : [];
    if (!words.length || mode) return;
    const found = words.findIndex((word) => word.end > from);
    mode = {
      box, words, at: found < 0 ? words.length - 1 : found,
      role: box.getAttribute("role"), name: box.getAttribute("aria-label"), hint: within("[data-marks-hint]").textContent,
    };
    // Screen readers keep arrow keys for themselves except in an application.
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", `Marking words. ${HINT}`);
    box.classList.add("said--marking");
    within("[data-marks-hint]").textContent = HINT;
    box.focus();
    show();
    announce(`Marking words. ${HINT} ${told()}`);
  };
  const leave = () => {
    if (!mode) return;
    const { box, role, name, hint } = mode;
    mode = null;
    box.setAttribute("role", role);
    box.setAttribute("aria-label", name);
    box.classList.remove("said--marking");
    if (within("[data-marks-hint]")) within("[data-marks-hint]").textContent = hint;
    paint("at-word", []);
    if (!highlights) document.getSelection().removeAllRanges();
  };
  const go = (to, along) => {
    const before = mode.words[mode.at];
    mode.at = Math.min(Math.max(to, 0), mode.words.length - 1);
    const now = mode.words[mode.at];
    if (along) write(merge([...read(), { begin: Math.min(before.begin, now.begin), end: Math.max(before.end, now.end) }]));
    show();
    announce(told());
  };
  const toggle = () => {
    const word = mode.words[mode.at];
    write(covered(word) ? without(word) : merge([...read(), { begin: word.begin, end: word.end }]));
    announce(covered(word) ? told() : `${told()}, not marked`);
  };
  document.addEventListener("keydown", (event) => {
    if (!mode || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target !== mode.box) return;
    const { at, words } = mode;
    const acts = {
      ArrowRight: () => go(at + 1, event.shiftKey), ArrowDown: () => go(at + 1, event.shiftKey),
      ArrowLeft: () => go(at - 1, event.shiftKey), ArrowUp: () => go(at - 1, event.shiftKey),
      Home: () => go(0, event.shiftKey), End: () => go(words.length - 1, event.shiftKey),
      " ": toggle,
    };
    for (const key of ["Escape", "Enter", "m"]) acts[key] = () => { leave(); announce("Marking ended."); };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }, true);
  document.addEventListener("focusout", (event) => { if (mode && event.target === mode.box) leave(); });

  /* --- what htmx brings ----------------------------------------------------------------------------------- */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const id = event.detail.target && event.detail.target.id;
    if (id === "words" && mode) resume = mode.words[mode.at].begin;
    if (id === "words" || id === "work") leave();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const { id } = event.detail.elt;
    if (id !== "words" && id !== "work") return;
    chosen = null;
    showMarks();
    if (id === "words" && resume !== null) enter(resume);
    resume = null;
  });
  if (work()) showMarks();
})();
