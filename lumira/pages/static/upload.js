// Shows how much of a file was sent. Without a script the form is sent as any other, and the browser shows it.
(() => {
  const send = (form) => {
    const bar = form.querySelector("progress");
    const problem = form.querySelector("[role=alert]");
    const button = form.querySelector("button");
    const show = (text) => {
      problem.textContent = text;
      problem.hidden = false;
      bar.hidden = true;
      button.disabled = false;
    };
    const file = form.querySelector("input[type=file]").files[0];
    problem.hidden = true;
    if (file.size > Number(form.dataset.maxBytes)) {
      show(form.dataset.tooLarge);
      return;
    }
    bar.hidden = false;
    button.disabled = true;
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    });
    request.addEventListener("error", () => show(form.dataset.failed));
    request.addEventListener("load", () => {
      // The page that the upload leads to: it has the message about it, and is shown once.
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const main = page.querySelector("main");
      if (!main) {
        show(form.dataset.failed);
        return;
      }
      document.querySelector("main").replaceWith(document.adoptNode(main));
      document.title = page.title;
      history.replaceState(null, "", request.responseURL);
      document.querySelector("main").focus();
      document.dispatchEvent(new Event("uploaded"));
    });
    request.open("POST", form.action);
    request.send(new FormData(form));
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-upload]")) return;
    event.preventDefault();
    send(event.target);
  });
})();
