// A button that opens a checkout page, for any HTML page:
//
//   <script src="https://pay.example.com/checkout/SLUG/embed.js" data-product="mystique"></script>
//   <script src="https://pay.example.com/checkout/SLUG/embed.js" data-items="tasse-gres:2,carnet-lin:1"></script>
//
// It puts a link before the script: a link works with the keyboard, with a screen reader, and in a new tab.
// data-label replaces its text; the class "lumira-button" and the properties --lumira-background, --lumira-color and
// --lumira-radius change its look. data-open="overlay" opens the page over this one, on the tenant's domains.
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
  var words = french
    ? { buy: "Acheter", tab: "Ouvre un nouvel onglet", whole: "Ouvrir dans un nouvel onglet", close: "Fermer" }
    : { buy: "Buy", tab: "Opens a new tab", whole: "Open in a new tab", close: "Close" };
  var isOverlay = script.dataset.open === "overlay" && typeof HTMLDialogElement === "function";
  var link = make("a", {
    display: "inline-block",
    padding: "0.75em 1.5em",
    background: "var(--lumira-background, #1a1a1a)",
    color: "var(--lumira-color, #ffffff)",
    borderRadius: "var(--lumira-radius, 0.5em)",
    font: "inherit",
    fontWeight: "600",
    lineHeight: "1.4",
    textDecoration: "none",
  });
  link.href = product ? shop + "/" + encodeURIComponent(product) : shop + "?items=" + encodeURIComponent(items);
  link.target = "_blank";
  link.rel = "noopener";
  link.className = "lumira-button";
  link.textContent = script.dataset.label || words.buy;
  if (isOverlay) {
    link.setAttribute("aria-haspopup", "dialog");
    link.addEventListener("click", openOverlay);
  } else {
    link.title = words.tab;
  }
  script.parentNode.insertBefore(link, script);

  function openOverlay(event) {
    // With these keys a browser opens a link in a new tab or window.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    var dialog = make("dialog", {
      boxSizing: "border-box",
      width: "min(46rem, 100vw)",
      maxWidth: "100vw",
      height: "min(56rem, 100dvh)",
      maxHeight: "100dvh",
      padding: "0",
      border: "0",
      borderRadius: "0.75rem",
      overflow: "hidden",
      background: "#ffffff",
      color: "#1a1a1a",
    });
    dialog.setAttribute("aria-label", link.textContent);
    var bar = make("div", { display: "flex", justifyContent: "space-between", padding: "0.5rem 1rem", font: "1rem/1.75 sans-serif" });
    var whole = make("a", { color: "#1a1a1a" });
    whole.href = link.href;
    whole.target = "_blank";
    whole.rel = "noopener";
    whole.textContent = words.whole;
    var close = make("button", { font: "inherit", padding: "0 0.75rem", color: "#1a1a1a", background: "#ffffff", border: "1px solid #1a1a1a", borderRadius: "0.5rem", cursor: "pointer" });
    close.type = "button";
    close.textContent = words.close;
    close.onclick = function () {
      dialog.close();
    };
    var frame = make("iframe", { display: "block", width: "100%", height: "calc(100% - 2.75rem)", border: "0" });
    frame.title = link.textContent;
    frame.referrerPolicy = "no-referrer";
    frame.src = link.href + (link.search ? "&" : "?") + "frame=1";
    bar.append(whole, close);
    dialog.append(bar, frame);
    document.body.append(dialog);
    addEventListener("message", onMessage);
    // However it is closed: by the button, by Escape, or from the frame.
    dialog.addEventListener("close", function () {
      removeEventListener("message", onMessage);
      dialog.remove();
      link.focus();
    });
    // The browser keeps the focus inside, and the rest of the page inert.
    dialog.showModal();

    function onMessage(message) {
      if (message.source === frame.contentWindow && message.data === "lumira-close") dialog.close();
    }
  }

  function make(name, style) {
    var element = document.createElement(name);
    for (var property in style) element.style[property] = style[property];
    return element;
  }
})(document.currentScript);
