/* The review queue by keyboard: keys, the claim's time, and nothing lost when the server is away. */
(() => {
  "use strict";
  const root = document.documentElement;
  const work = () => document.getElementById("work");
  const within = (selector) => work() && work().querySelector(selector);
  const typing = (el) => el instanceof Element
    && el.matches("textarea, select, [contenteditable], input:not([type=radio]):not([type=checkbox]):not([type=submit])");
  const announce = (text) => { document.getElementById("announce").textContent = text; };

  /* --- keys: whatever carries data-key is pressed, ticked or focused ------------------------------------- */
  const busy = () => Boolean(document.querySelector("#work form.htmx-request"));
  const press = (el) => {
    if (el.matches("textarea")) { el.focus(); return; }
    if (el.type === "radio" && el.checked) {
      const none = el.form.querySelector(`input[name="${el.name}"][value=""]`);
      if (none) none.checked = true;
      return;
    }
    if (el.type === "radio" || el.type === "checkbox") el.click();
    else if (!busy()) el.click();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && typing(event.target) && work()) { event.target.blur(); return; }
    if (typing(event.target) || !work()) return;
    if (!/^[a-z1-9]$/.test(event.key)) return;
    const found = [...work().querySelectorAll(`[data-key="${event.key}"]`)].find((el) => !el.disabled && !el.hidden);
    if (!found) return;
    event.preventDefault();
    press(found);
  });

  /* --- the claim: it is kept while somebody is there, and ends when nobody is --------------------------- */
  let until = 0;
  let active = true;
  let asking = false;
  for (const name of ["keydown", "pointerdown", "pointermove", "scroll"]) {
    document.addEventListener(name, () => { active = true; }, { passive: true });
  }
  const claimBox = () => document.getElementById("claim");
  const say = (box, text, over) => {
    box.querySelector("[data-claim-text]").textContent = text;
    box.classList.toggle("claim--over", over);
    box.querySelector("[data-take]").hidden = !over;
  };
  const startClaim = () => {
    const box = claimBox();
    until = box ? Date.now() + Number(box.dataset.seconds) * 1000 : 0;
  };
  const renew = async (take) => {
    const box = claimBox();
    const token = within("input[name=csrfmiddlewaretoken]");
    if (!box || !token || asking) return;
    asking = true;
    try {
      const body = new URLSearchParams(take ? { take: "1" } : {});
      const answer = await fetch(box.dataset.renew, { method: "POST", headers: { "X-CSRFToken": token.value }, body });
      if (!answer.ok || box !== claimBox()) return;
      const { held, seconds, message } = await answer.json();
      if (held) {
        box.dataset.seconds = seconds;
        delete box.dataset.lost;
        startClaim();
        tick();
      } else {
        box.dataset.lost = message || "Your claim has run out.";
        say(box, `${box.dataset.lost} `, true);
        announce(box.dataset.lost);
      }
    } catch {
      /* The server is away: the time goes on running, and the next tick tries again. */
    } finally {
      asking = false;
    }
  };
  const tick = () => {
    const box = claimBox();
    if (!box || box.dataset.lost) return;
    const left = Math.max(Math.round((until - Date.now()) / 1000), 0);
    if (left === 0) {
      if (!box.classList.contains("claim--over")) announce("Your claim has run out. Others may take this comment.");
      say(box, "Your claim has run out; others may take this comment.", true);
      return;
    }
    say(box, `Yours, ${box.dataset.who}, for ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`, false);
    if (left < Number(box.dataset.seconds) * 0.6 && active && !document.hidden) {
      active = false;
      renew(false);
    }
  };
  setInterval(tick, 1000);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-take]")) renew(true);
    const all = event.target.closest("[data-tick-all]");
    if (all) for (const box of all.form.querySelectorAll("input[name=ids]")) box.checked = all.checked;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-auto-send]")) event.target.form.requestSubmit();
  });

  /* --- a draft for the way over the sign-in page, or a closed tab: only in this tab's own store ----------- */
  const DRAFT = "queue-draft";
  const keepDraft = (form) => {
    const data = new FormData(form);
    const draft = { at: work().dataset.comment, note: data.get("note"), reason: data.get("reason"), marks: data.get("marks") };
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  };
  const takeDraft = () => {
    const form = within("#decide[hx-post]");
    let draft = null;
    try { draft = JSON.parse(sessionStorage.getItem(DRAFT)); } catch { /* not ours */ }
    sessionStorage.removeItem(DRAFT);
    if (!form || !draft || draft.at !== work().dataset.comment) return;
    const { note, marks } = form.elements;
    if (!note || note.value) return;
    note.value = draft.note || "";
    if (marks && draft.marks) marks.value = draft.marks;
    for (const radio of form.querySelectorAll("input[name=reason]")) radio.checked = radio.value === (draft.reason || "");
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "decide") keepDraft(event.detail.elt);
  });

  /* --- htmx: what arrives, and what to do when nothing does ---------------------------------------------- */
  const arrived = () => {
    delete root.dataset.reveal;
    takeDraft();
    startClaim();
    tick();
  };
  const problem = (id) => {
    const place = document.getElementById("queue-problem");
    const template = document.getElementById(id);
    if (!place || !template) return;
    place.replaceChildren(template.content.cloneNode(true));
    place.scrollIntoView({ block: "nearest" });
  };
  const ours = (event) => event.detail.target && event.detail.target.id === "work";
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!ours(event) || [200, 409, 422].includes(event.detail.xhr.status)) return;
    event.detail.shouldSwap = false;
    problem("queue-broken");
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id !== "work") return;
    arrived();
    const wrong = within(".field-error");
    const heading = wrong ? wrong.closest("fieldset, .field") : within("#item-title, #empty h2");
    const place = wrong && heading ? heading.querySelector("input, textarea") : heading;
    if (place) place.focus({ preventScroll: Boolean(wrong) });
    if (wrong) wrong.scrollIntoView({ block: "center" });
    else if (window.matchMedia("(max-width: 46rem)").matches) work().scrollIntoView();
    else window.scrollTo(0, 0);
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => { if (ours(event)) problem("queue-lost"); });
  }
  if (work()) arrived();
})();
