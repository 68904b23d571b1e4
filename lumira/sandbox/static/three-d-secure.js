// The bank's page of a test card: the buyer authorizes the payment, or fails.
"use strict";

const TEXTS = {
  en: ["3-D Secure", "Your bank requires your confirmation.", "Authorize", "Fail", "This is a test page, no money moves."],
  fr: ["3-D Secure", "Votre banque demande votre confirmation.", "Autoriser", "Refuser", "Page de test : aucun argent ne circule."],
};

function show(locale) {
  const language = locale.startsWith("fr") ? "fr" : "en";
  document.documentElement.lang = language;
  ["what", "why", "authorize", "fail", "note"].forEach((id, at) => {
    document.getElementById(id).textContent = TEXTS[language][at];
  });
  document.getElementById("what").focus();
}

async function decide(secret, outcome) {
  const id = secret.split("_secret_")[0];
  await fetch(`/sandbox/authenticate/${id}`, {
    method: "POST",
    // Without a page to return to, the reply is a page; with one it is a redirect, which Stripe.js makes itself.
    redirect: "manual",
    body: new URLSearchParams({ client_secret: secret, outcome }),
  });
}

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data?.action !== "authenticate") return;
  const { number, secret, locale } = event.data;
  show(locale);
  const end = async (outcome) => {
    await decide(secret, outcome);
    window.parent.postMessage({ reply: number, result: {} }, event.origin);
  };
  document.getElementById("authorize").addEventListener("click", () => end("authorize"), { once: true });
  document.getElementById("fail").addEventListener("click", () => end("fail"), { once: true });
  window.addEventListener("keydown", (key) => key.key === "Escape" && end("fail"), { once: true });
});
window.parent.postMessage({ event: "loaded" }, "*");
