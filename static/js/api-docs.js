// Starts Swagger UI on the API page and lets "Try it out" use the reader's own session.
"use strict";

const place = document.getElementById("swagger-ui");

SwaggerUIBundle({
  url: place.dataset.schema,
  dom_id: "#swagger-ui",
  deepLinking: true,
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
