// The frame of the Payment Element: its fields, what is wrong with them, and the calls that contain what was typed.
"use strict";

const FIELDS = {
  card: ["number", "expiry", "cvc"],
  sepa_debit: ["iban", "name", "email"],
  us_bank_account: ["account_number", "name", "email"],
  customer_balance: [],
};
const HINTS = {
  number: { autocomplete: "cc-number", inputmode: "numeric", placeholder: "1234 1234 1234 1234" },
  expiry: { autocomplete: "cc-exp", inputmode: "numeric", placeholder: "MM / YY" },
  cvc: { autocomplete: "cc-csc", inputmode: "numeric", placeholder: "CVC" },
  iban: { placeholder: "DE89 3704 0044 0532 0130 00" },
  account_number: { inputmode: "numeric" },
  name: { autocomplete: "name" },
  email: { autocomplete: "email", type: "email" },
};
const SHORTEST_NUMBER = 12;
const SHORTEST_IBAN = 15;

const state = { type: "card", shop: null, words: TEXTS.en };
const methods = document.getElementById("methods");
const fields = document.getElementById("fields");

function report(event, values = {}) {
  window.parent.postMessage({ event, ...values }, state.shop?.origin ?? "*");
}

function input(name) {
  return document.getElementById(`${state.type}-${name}`);
}

function typed(name) {
  return input(name).value.trim();
}

function show({ types, locale, appearance, options }) {
  const language = locale.startsWith("fr") ? "fr" : "en";
  document.documentElement.lang = language;
  state.words = TEXTS[language];
  methods.setAttribute("aria-label", state.words.methods);
  dress(appearance);
  methods.hidden = types.length < 2;
  methods.replaceChildren(...types.map(tab));
  fields.replaceChildren(...types.map((type) => group(type, options.defaultValues?.billingDetails ?? {})));
  choose(types[0]);
}

function dress({ theme, variables = {} }) {
  document.body.className = theme ?? "stripe";
  for (const [name, value] of Object.entries(variables)) {
    document.documentElement.style.setProperty(`--${name}`, value);
  }
}

function tab(type) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: state.words[type], id: `tab-${type}` });
  button.setAttribute("role", "tab");
  button.addEventListener("click", () => {
    choose(type);
    reportChange();
  });
  return button;
}

function group(type, known) {
  const set = document.createElement("fieldset");
  set.id = `fields-${type}`;
  set.setAttribute("aria-label", state.words[type]);
  set.append(...FIELDS[type].map((name) => field(type, name, known[name] ?? "")));
  const note = { sepa_debit: "terms", us_bank_account: "terms", customer_balance: "transfer" }[type];
  if (note) {
    const text = document.createElement("p");
    Object.assign(text, { className: "note", textContent: state.words[note] });
    set.append(text);
  }
  return set;
}

function field(type, name, value) {
  const paragraph = document.createElement("p");
  const label = document.createElement("label");
  const box = document.createElement("input");
  const error = document.createElement("span");
  const id = `${type}-${name}`;
  paragraph.className = ["expiry", "cvc"].includes(name) ? "half" : "";
  Object.assign(label, { htmlFor: id, textContent: state.words[name] });
  Object.assign(box, { id, name, value });
  for (const [attribute, hint] of Object.entries(HINTS[name])) box.setAttribute(attribute, hint);
  box.setAttribute("aria-describedby", `${id}-error`);
  box.addEventListener("input", () => changed(box));
  box.addEventListener("focus", () => report("focus"));
  box.addEventListener("blur", () => report("blur"));
  Object.assign(error, { id: `${id}-error`, className: "error" });
  paragraph.append(label, box, error);
  return paragraph;
}

function changed(box) {
  mark(box.name, "");
  reportChange();
}

function reportChange() {
  const names = FIELDS[state.type];
  report("change", {
    empty: names.every((name) => !typed(name)),
    complete: findError() === null,
    collapsed: false,
    value: { type: state.type },
  });
}

function choose(type) {
  state.type = type;
  for (const button of methods.children) {
    button.setAttribute("aria-selected", String(button.id === `tab-${type}`));
  }
  for (const set of fields.children) set.hidden = set.id !== `fields-${type}`;
  resize();
}

function resize() {
  report("resize", { height: Math.ceil(document.body.getBoundingClientRect().height) });
}

function mark(name, message) {
  document.getElementById(`${state.type}-${name}-error`).textContent = message;
  if (message) input(name).setAttribute("aria-invalid", "true");
  else input(name).removeAttribute("aria-invalid");
  resize();
}

function digits(name) {
  return typed(name).replace(/\D/g, "");
}

function isLuhn(number) {
  const sum = [...number].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

function expiry() {
  const found = /^(\d{1,2})\s*\/?\s*(\d{2}|\d{4})$/.exec(typed("expiry"));
  if (!found || Number(found[1]) < 1 || Number(found[1]) > 12) return null;
  return { month: Number(found[1]), year: (Number(found[2]) % 100) + 2000 };
}

const CHECKS = {
  number: () => {
    if (digits("number").length < SHORTEST_NUMBER) return "incomplete_number";
    return isLuhn(digits("number")) ? null : "invalid_number";
  },
  expiry: () => {
    const date = expiry();
    if (date === null) return "incomplete_expiry";
    return new Date(date.year, date.month) > new Date() ? null : "invalid_expiry_year_past";
  },
  cvc: () => (/^\d{3,4}$/.test(typed("cvc")) ? null : "incomplete_cvc"),
  iban: () => (typed("iban").replace(/\s/g, "").length < SHORTEST_IBAN ? "incomplete_iban" : null),
  account_number: () => (digits("account_number") ? null : "incomplete_account_number"),
  name: () => (typed("name") ? null : "incomplete_name"),
  email: () => (/^\S+@\S+$/.test(typed("email")) ? null : "incomplete_email"),
};

/** The first field with an error, as `[name, code]`; null if all are complete. */
function findError() {
  const found = FIELDS[state.type].map((name) => [name, CHECKS[name]()]).find(([, code]) => code !== null);
  return found ?? null;
}

function validate() {
  for (const name of FIELDS[state.type]) {
    const code = CHECKS[name]();
    mark(name, code === null ? "" : state.words.errors[code]);
  }
  const found = findError();
  if (found === null) return { selectedPaymentMethod: state.type };
  const [name, code] = found;
  input(name).focus();
  return { error: { type: "validation_error", code, message: state.words.errors[code] } };
}

function details() {
  switch (state.type) {
    case "card": {
      const { month, year } = expiry();
      return { number: digits("number"), exp_month: month, exp_year: year, cvc: typed("cvc") };
    }
    case "sepa_debit":
      return { iban: typed("iban") };
    case "us_bank_account":
      return { account_number: digits("account_number"), routing_number: "110000000", account_holder_type: "individual" };
    default:
      return {};
  }
}

async function confirm({ secret, returnUrl, billing }) {
  const checked = validate();
  if (checked.error) return checked;
  const { key, account } = state.shop;
  const sent = new URLSearchParams({ key, client_secret: secret, use_stripe_sdk: "true" });
  if (account) sent.set("_stripe_account", account);
  if (returnUrl) sent.set("return_url", returnUrl);
  sent.set("payment_method_data[type]", state.type);
  sent.set("payment_method_data[payment_user_agent]", "stripe.js/sandbox; payment-element");
  for (const [name, value] of Object.entries(details())) sent.set(`payment_method_data[${state.type}][${name}]`, value);
  const known = { ...billing };
  for (const name of ["name", "email"]) if (FIELDS[state.type].includes(name)) known[name] = typed(name);
  for (const [name, value] of Object.entries(known)) {
    if (typeof value === "string") sent.set(`payment_method_data[billing_details][${name}]`, value);
  }
  return call(`/v1/payment_intents/${secret.split("_secret_")[0]}/confirm`, sent);
}

async function call(path, sent) {
  try {
    const reply = await fetch(path, { method: "POST", body: sent });
    const body = await reply.json();
    return reply.ok ? { intent: body } : { error: translate(body.error) };
  } catch {
    return { error: { type: "api_connection_error", message: "Stripe cannot be reached." } };
  }
}

function translate(error) {
  const { errors } = state.words;
  return { ...error, message: errors[error.decline_code] ?? errors[error.code] ?? error.message };
}

const ACTIONS = {
  show: (values) => {
    state.shop = { ...state.shop, key: values.key, account: values.account };
    show(values);
    return {};
  },
  validate,
  confirm,
  translate: ({ error }) => translate(error),
  focus: () => (input(FIELDS[state.type][0])?.focus(), {}),
  clear: () => (fields.reset(), {}),
};

window.addEventListener("message", async (event) => {
  const { number, action, ...values } = event.data ?? {};
  if (event.source !== window.parent || !(action in ACTIONS)) return;
  state.shop ??= { origin: event.origin };
  const result = await ACTIONS[action](values);
  window.parent.postMessage({ reply: number, result }, event.origin);
});
fields.addEventListener("submit", (event) => event.preventDefault());
new ResizeObserver(resize).observe(document.body);
report("loaded");
