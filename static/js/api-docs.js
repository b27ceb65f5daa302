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

SwaggerUIBundle({
  url: place.dataset.schema,
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor(request) {
    const address = new URL(request.url, document.baseURI);
    if (address.origin === window.location.origin && !request.loadSpec) {
      request.headers["X-CSRFToken"] = place.dataset.csrf;
    }
    return request;
  },
});
