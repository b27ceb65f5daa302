/* Comfort on top of pages that work without it: shortcuts, the character count, the reveal key, lost connections. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const byId = (id) => document.getElementById(id);
  const editable = (el) => el instanceof Element && el.matches("input, textarea, select, [contenteditable]");

  const count = () => {
    const box = byId("id_text");
    const counter = byId("counter");
    if (!box || !counter) return;
    const limit = Number(counter.dataset.limit);
    /* Code points, as the server counts them, and not UTF-16 units. */
    const length = [...box.value].length;
    const number = (n) => n.toLocaleString("en");
    counter.textContent = length > limit
      ? `${number(length)} of ${number(limit)} characters: ${number(length - limit)} too many`
      : `${number(length)} of ${number(limit)} characters`;
    counter.classList.toggle("is-over", length > limit);
  };

  const markInvalid = () => {
    const box = byId("id_text");
    const error = byId("text-error");
    if (!box || !error) return;
    if (error.childElementCount) box.setAttribute("aria-invalid", "true");
    else box.removeAttribute("aria-invalid");
  };

  /* A row of tabs that is wider than a phone begins where one is. */
  const showTab = () => document.querySelectorAll(":is(.places, .tabs) [aria-current]").forEach((tab) => {
    const bar = tab.closest(".places, .tabs");
    const [outer, inner] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()];
    bar.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  });

  /* A long text scrolls in its box, and begins at the word that raised the score most. */
  const showStrongest = () => document.querySelectorAll(".said:not([data-begun])").forEach((box) => {
    const word = [4, 3, 2, 1].map((level) => box.querySelector(`.up-${level}`)).find(Boolean);
    if (!word) return;
    box.dataset.begun = "";
    const [outer, inner] = [box.getBoundingClientRect(), word.getBoundingClientRect()];
    if (box.scrollHeight > box.clientHeight) box.scrollTop = inner.top - outer.top - outer.height / 3;
  });

  const onReady = () => { count(); markInvalid(); showTab(); showStrongest(); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", onReady);
  else onReady();

  document.addEventListener("input", (event) => {
    if (event.target.id !== "id_text") return;
    count();
    const error = byId("text-error");
    if (error) error.replaceChildren();
    markInvalid();
    const preview = byId("preview");
    if (preview && !event.target.value.trim()) preview.textContent = preview.dataset.rest;
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) byId(opener.dataset.open).showModal();
    const filler = event.target.closest("[data-fill]");
    const box = byId("id_text");
    if (filler && box) {
      box.value = filler.dataset.fill;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
    }
  });

  /* A menu closes when the attention goes elsewhere. */
  const menus = (but) => document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
    if (!but || !menu.contains(but)) menu.open = false;
  });
  document.addEventListener("click", (event) => menus(event.target));
  document.addEventListener("focusin", (event) => menus(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "id_text") {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || editable(event.target)) return;
    if (event.key === "/") {
      const target = document.querySelector("[data-slash]");
      if (target) { event.preventDefault(); target.focus(); }
    } else if (event.key === "?") {
      const help = byId("help");
      if (help && !help.open) { event.preventDefault(); help.showModal(); }
    } else if (event.key === "r" && !byId("work")) {
      root.dataset.reveal = "on";  /* in the queue r removes, and b shows blurred text */
    }
  });
  const cover = () => { delete root.dataset.reveal; };
  document.addEventListener("keyup", (event) => { if (event.key === "r" && !byId("work")) cover(); });
  window.addEventListener("blur", cover);

  /* htmx events: the server answers settings with an event, so that nothing typed is lost to a reload. */
  document.addEventListener("site:theme", (event) => {
    if (event.detail.theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = event.detail.theme;
  });
  document.addEventListener("site:blur", (event) => { root.dataset.blur = event.detail.blur; });
  document.addEventListener("htmx:afterSettle", (event) => {
    markInvalid();
    showStrongest();
    const id = event.detail.elt && event.detail.elt.id;
    const form = id && byId(id);
    if (form && (id === "blur-toggle" || id === "theme-toggle")) form.querySelector("button").focus();
    if (id === "text-error" && event.detail.elt.childElementCount) byId("id_text").focus();
  });

  /* A preview of what was just sent would only contradict the verdict that is on its way. */
  let sent = null;
  const written = () => `${byId("id_format").value} ${byId("id_text").value}`;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const box = byId("id_text");
    if (!box) return;
    if (event.detail.elt.id === "composer") {
      sent = written();
      window.htmx.trigger(box, "htmx:abort");
      const preview = byId("preview");
      preview.textContent = preview.dataset.rest;
    } else if (event.detail.elt === box && written() === sent) {
      event.preventDefault();
    }
  });

  const lost = (event) => {
    const source = event.detail.elt;
    if (source && source.id === "composer") {
      byId("result").replaceChildren(byId("lost").content.cloneNode(true));
      byId("announce").textContent = "The server could not be reached. Your text is still in the box.";
    }
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:timeout", lost);
})();
