// The page of an order that waits for its payment: looks again, and shows what has changed in place of the old text.
(function () {
  "use strict";
  // Seconds between two looks; the last one is repeated.
  var pauses = [2, 3, 5, 10, 20, 30];
  var looks = 0;
  var shown = document.querySelector("[data-progress]");

  function wait() {
    setTimeout(look, 1000 * pauses[Math.min(looks, pauses.length - 1)]);
    looks += 1;
  }

  function look() {
    fetch(location.pathname, { credentials: "same-origin" })
      .then(function (reply) {
        if (!reply.ok) throw new Error("The page cannot be loaded.");
        return reply.text();
      })
      .then(function (html) {
        // Without the style, which has the nonce of another reply.
        var page = new DOMParser().parseFromString(part(html, "title") + part(html, "main"), "text/html");
        var found = page.querySelector("[data-progress]");
        if (!found || found.dataset.progress === shown.dataset.progress) return wait();
        document.title = page.title;
        shown.dataset.progress = found.dataset.progress;
        shown.innerHTML = found.innerHTML;
      })
      .catch(wait);
  }

  function part(html, name) {
    var end = "</" + name + ">";
    return html.slice(html.indexOf("<" + name + ">"), html.indexOf(end) + end.length);
  }

  wait();
})();
