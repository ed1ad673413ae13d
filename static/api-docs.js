// Shows the description of the API with Swagger UI.
addEventListener("DOMContentLoaded", () => {
  const docs = document.getElementById("docs");
  SwaggerUIBundle({
    domNode: docs,
    url: docs.dataset.document,
    presets: [SwaggerUIBundle.presets.apis],
    // There is one server: this one.
    plugins: [() => ({ wrapComponents: { ServersContainer: () => () => null } })],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    // No other host is asked: neither for a verdict on the document nor for one that an address names.
    validatorUrl: null,
    queryConfigEnabled: false,
  });
});
