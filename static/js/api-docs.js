// Starts Swagger UI on the API page, in the site's colours; "Try it out" uses the reader's own session.
"use strict";

const place = document.getElementById("swagger-ui");
const darkSystem = window.matchMedia("(prefers-color-scheme: dark)");

function followTheme() {
  const chosen = document.documentElement.dataset.theme;
  const dark = chosen ? chosen === "dark" : darkSystem.matches;
  document.documentElement.classList.toggle("dark-mode", dark);
}

followTheme();
darkSystem.addEventListener("change", followTheme);
new MutationObserver(followTheme).observe(document.documentElement, { attributeFilter: ["data-theme"] });

// A link inside the button that opens an operation is one too many: the button sets the address as well.
const plainNames = ({ React }) => ({
  wrapComponents: { DeepLink: () => ({ text }) => React.createElement("span", null, text) },
});

SwaggerUIBundle({
  url: place.dataset.schema,
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  syntaxHighlight: false,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [plainNames],
  layout: "BaseLayout",
  requestInterceptor(request) {
    const address = new URL(request.url, document.baseURI);
    if (address.origin === window.location.origin && !request.loadSpec) {
      request.headers["X-CSRFToken"] = place.dataset.csrf;
    }
    return request;
  },
});

// What Swagger UI draws without a name, or without a way to reach it by the keyboard, gets one as it is drawn.
function nameOf(field) {
  const row = field.closest("tr[data-param-name]");
  if (row) return row.dataset.paramName;
  if (field.closest(".body-param")) return "Body of the request";
  if (field.closest(".content-type-wrapper, .body-param-content-type, .response-control-media-type")) return "Media type";
  if (field.closest(".examples-select")) return "Example";
  return "Value";
}

function dress() {
  for (const field of place.querySelectorAll("select, textarea, input:not([type=hidden])")) {
    if (!field.labels?.length && !field.ariaLabel) field.ariaLabel = nameOf(field);
  }
  for (const box of place.querySelectorAll("pre, .opblock-body .table-container")) {
    if (!box.hasAttribute("tabindex")) box.tabIndex = 0;
  }
  for (const table of place.querySelectorAll("table[role=region]")) table.removeAttribute("role");
}

new MutationObserver(dress).observe(place, { childList: true, subtree: true });
