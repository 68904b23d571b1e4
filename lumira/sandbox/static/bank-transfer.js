// The instructions for a bank transfer, as Stripe.js shows them after the confirmation.
"use strict";

const TEXTS = {
  en: { what: "Bank transfer", why: "Transfer the amount to this account.", close: "Close", iban: "IBAN", reference: "Reference", amount: "Amount" },
  fr: { what: "Virement bancaire", why: "Virez le montant sur ce compte.", close: "Fermer", iban: "IBAN", reference: "Référence", amount: "Montant" },
};

function show({ instructions, locale }) {
  const language = locale.startsWith("fr") ? "fr" : "en";
  const words = TEXTS[language];
  document.documentElement.lang = language;
  for (const id of ["what", "why", "close"]) document.getElementById(id).textContent = words[id];
  const style = { style: "currency", currency: instructions.currency };
  const details = {
    iban: instructions.financial_addresses[0].iban.iban,
    reference: instructions.reference,
    amount: new Intl.NumberFormat(language, style).format(instructions.amount_remaining / 100),
  };
  for (const [name, value] of Object.entries(details)) {
    const [term, description] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = words[name];
    description.textContent = value;
    document.getElementById("details").append(term, description);
  }
  document.getElementById("what").focus();
}

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data?.action !== "instruct") return;
  show(event.data);
  const end = () => window.parent.postMessage({ reply: event.data.number, result: {} }, event.origin);
  document.getElementById("close").addEventListener("click", end, { once: true });
  window.addEventListener("keydown", (key) => key.key === "Escape" && end(), { once: true });
});
window.parent.postMessage({ event: "loaded" }, "*");
