// Forms with a preview: the server draws it from what is entered, a moment after the last key. Nothing needs the script:
// the button "preview" does the same.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-preview]");
  let waiting = 0;
  let request = new AbortController();

  const refresh = async () => {
    request.abort();
    request = new AbortController();
    const entered = new URLSearchParams(new FormData(form));
    entered.set("preview", "yes");
    try {
      const reply = await fetch(form.getAttribute("action"), { method: "POST", body: entered, signal: request.signal });
      // What is not valid yet leaves the preview as it is: saving says what is wrong.
      if (!reply.ok || reply.redirected) return;
      const drawn = new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("preview");
      if (drawn) document.getElementById("preview").replaceWith(drawn);
    } catch (error) {
      if (error.name !== "AbortError") console.warn("The preview cannot be refreshed.", error);
    }
  };

  form?.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 300);
  });
});
