// In a frame over the page of a shop: Escape closes the frame. The page works without it.
addEventListener("keydown", function (event) {
  if (event.key === "Escape" && parent !== window) parent.postMessage("lumira-close", "*");
});
