// The page with Stripe's Payment Element. Card data is typed into Stripe's frame and never reaches this page.
"use strict";

(() => {
  const form = document.getElementById("payment");
  const button = document.getElementById("confirm");
  const problem = document.getElementById("problem");
  const state = document.getElementById("state");
  const settings = JSON.parse(form.dataset.settings);
  const words = JSON.parse(form.dataset.words);
  // The secret is needed here only: what reads the page later does not find it.
  form.removeAttribute("data-settings");

  function say(message) {
    problem.textContent = message;
    if (message) problem.focus();
  }

  function work(isWorking) {
    button.disabled = isWorking;
    form.setAttribute("aria-busy", String(isWorking));
    state.textContent = isWorking ? words.working : "";
  }

  /** Ask whether the order can still be paid: nothing is charged for what is gone, or has another price. */
  async function check() {
    const reply = await fetch(settings.checkUrl, { method: "POST", headers: { Accept: "application/json" } });
    if (!(reply.headers.get("Content-Type") ?? "").startsWith("application/json")) throw new Error(reply.status);
    return reply.json();
  }

  async function pay(stripe, elements) {
    const { error: incomplete } = await elements.submit();
    if (incomplete) return incomplete.type === "validation_error" ? "" : incomplete.message;
    const { message, next } = await check();
    if (message) {
      if (next) document.getElementById("back").href = next;
      return message;
    }
    if (next) {
      window.location.assign(next);
      return null;
    }
    const { error } = await stripe.confirmPayment({
      elements,
      confirmParams: { return_url: settings.returnUrl },
    });
    // Reached with an error only: otherwise Stripe.js has left the page.
    if (error.payment_intent && ["succeeded", "processing", "canceled"].includes(error.payment_intent.status)) {
      window.location.assign(`${settings.returnUrl}?redirect_status=unknown`);
      return null;
    }
    const isForBuyer = ["card_error", "validation_error"].includes(error.type) || Boolean(error.code);
    return isForBuyer && error.message ? error.message : words.failed;
  }

  function start() {
    const options = settings.stripeAccount ? { stripeAccount: settings.stripeAccount } : {};
    const stripe = window.Stripe(settings.publishableKey, options);
    const elements = stripe.elements({
      clientSecret: settings.clientSecret,
      locale: settings.locale,
      appearance: settings.appearance,
      loader: "auto",
    });
    const element = elements.create("payment", {
      layout: "tabs",
      defaultValues: { billingDetails: settings.billingDetails },
      // Link needs more of Stripe's origins than this page allows.
      wallets: { link: "never" },
    });
    state.textContent = words.loading;
    element.on("ready", () => work(false));
    element.on("change", () => say(""));
    element.on("loaderror", () => {
      state.textContent = "";
      say(words.not_loaded);
    });
    element.mount("#payment-element");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      say("");
      work(true);
      try {
        const message = await pay(stripe, elements);
        if (message === null) return;
        work(false);
        say(message);
      } catch {
        work(false);
        say(words.not_reached);
      }
    });
  }

  // A page that the browser kept shows a state that is over.
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
  if (typeof window.Stripe === "function") start();
  else say(words.not_loaded);
})();
