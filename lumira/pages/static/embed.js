// A button that opens a checkout page, for any HTML page:
//
//   <script src="https://pay.example.com/checkout/SLUG/embed.js" data-product="mystique"></script>
//   <script src="https://pay.example.com/checkout/SLUG/embed.js" data-items="tasse-gres:2,carnet-lin:1"></script>
//
// It puts a link before the script: a link works with the keyboard, with a screen reader, and in a new tab.
// data-label replaces its text; the class "lumira-button" and the properties --lumira-background, --lumira-color and
// --lumira-radius change its look.
(function (script) {
  "use strict";
  if (!script) return;
  var shop = script.src.replace(/\/embed\.js(\?.*)?$/, "");
  var product = script.dataset.product;
  var items = script.dataset.items;
  if (!product && !items) {
    console.error("Lumira: set data-product or data-items on the script element.");
    return;
  }
  var french = (document.documentElement.lang || navigator.language || "fr").toLowerCase().indexOf("fr") === 0;
  var link = document.createElement("a");
  link.href = product ? shop + "/" + encodeURIComponent(product) : shop + "?items=" + encodeURIComponent(items);
  link.target = "_blank";
  link.rel = "noopener";
  link.className = "lumira-button";
  link.textContent = script.dataset.label || (french ? "Acheter" : "Buy");
  link.title = french ? "Ouvre un nouvel onglet" : "Opens a new tab";
  var style = {
    display: "inline-block",
    padding: "0.75em 1.5em",
    background: "var(--lumira-background, #1a1a1a)",
    color: "var(--lumira-color, #ffffff)",
    borderRadius: "var(--lumira-radius, 0.5em)",
    font: "inherit",
    fontWeight: "600",
    lineHeight: "1.4",
    textDecoration: "none",
  };
  for (var name in style) link.style[name] = style[name];
  script.parentNode.insertBefore(link, script);
})(document.currentScript);
