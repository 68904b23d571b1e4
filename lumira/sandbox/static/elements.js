// The Elements group and its Payment Element. The fields are in a frame of the sandbox's own origin: the page and its
// scripts never see what the buyer types.

const FRAME = `${ORIGIN}/js/payment-element.html`;

/** Sends requests to a frame, and calls back for what the frame reports. */
class Channel {
  constructor(frame, onReport) {
    this.frame = frame;
    this.replies = new Map();
    this.number = 0;
    this.listener = (event) => {
      if (event.source !== frame.contentWindow || event.origin !== ORIGIN) return;
      const { reply, result, ...report } = event.data ?? {};
      if (reply === undefined) {
        onReport(report);
      } else {
        this.replies.get(reply)?.(result);
        this.replies.delete(reply);
      }
    };
    window.addEventListener("message", this.listener);
  }

  request(action, values = {}) {
    this.number += 1;
    const number = this.number;
    return new Promise((resolve) => {
      this.replies.set(number, resolve);
      this.frame.contentWindow.postMessage({ number, action, ...values }, ORIGIN);
    });
  }

  close() {
    window.removeEventListener("message", this.listener);
  }
}

class PaymentElement {
  constructor(group, options) {
    this.group = group;
    this.options = options;
    this.isMounted = false;
    this.handlers = {};
  }

  on(type, handler) {
    if (typeof type !== "string" || typeof handler !== "function") {
      throw new IntegrationError("element.on() needs the name of an event and a function.");
    }
    (this.handlers[type] ??= []).push(handler);
    return this;
  }

  once(type, handler) {
    const wrapped = (event) => {
      this.off(type, wrapped);
      handler(event);
    };
    return this.on(type, wrapped);
  }

  off(type, handler) {
    this.handlers[type] = (this.handlers[type] ?? []).filter((each) => handler !== undefined && each !== handler);
    return this;
  }

  emit(type, values = {}) {
    for (const handler of [...(this.handlers[type] ?? [])]) {
      handler({ elementType: "payment", ...values });
    }
  }

  mount(where) {
    const container = findContainer(where);
    if (this.isMounted) {
      if (this.frame.parentNode === container) return;
      throw new IntegrationError(
        "This Element is already mounted. Use `unmount()` to unmount the Element before re-mounting.",
      );
    }
    if (container.childNodes.length > 0) {
      console.warn("[Stripe.js] This Element will be mounted to a DOM element that contains child nodes.");
      container.replaceChildren();
    }
    this.frame = document.createElement("iframe");
    this.frame.title = this.group.locale.startsWith("fr")
      ? "Cadre de saisie sécurisé pour le paiement"
      : "Secure payment input frame";
    this.frame.allow = "payment *";
    Object.assign(this.frame.style, { border: "0", width: "100%", height: "0", display: "block" });
    this.frame.src = FRAME;
    container.append(this.frame);
    this.isMounted = true;
    this.channel = new Channel(this.frame, (report) => this.follow(report));
  }

  follow(report) {
    if (report.event === "loaded") {
      this.emit("loaderstart");
      this.load();
    } else if (report.event === "resize") {
      this.frame.style.height = `${report.height}px`;
    } else {
      const { event, ...values } = report;
      this.emit(event, values);
    }
  }

  async load() {
    const { intent, error } = await this.group.load();
    if (error) {
      this.emit("loaderror", { error });
      return;
    }
    await this.channel.request("show", {
      key: this.group.stripe.key,
      account: this.group.stripe.account,
      secret: this.group.clientSecret,
      types: intent.payment_method_types,
      locale: this.group.locale,
      appearance: JSON.parse(JSON.stringify(this.group.options.appearance ?? {})),
      options: JSON.parse(JSON.stringify(this.options)),
    });
    this.emit("ready");
  }

  unmount() {
    this.channel?.close();
    this.frame?.remove();
    this.isMounted = false;
  }

  destroy() {
    this.unmount();
    this.group.element = null;
  }

  focus() {
    this.channel.request("focus");
  }

  blur() {}

  clear() {
    this.channel.request("clear");
  }

  collapse() {
    return this;
  }

  update(options) {
    checkPaymentElementOptions(options);
    Object.assign(this.options, options);
    return this;
  }
}

function findContainer(where) {
  if (where instanceof HTMLElement) return where;
  if (typeof where !== "string") {
    throw new IntegrationError("element.mount() needs a selector or a DOM element.");
  }
  const found = document.querySelectorAll(where);
  if (found.length === 0) {
    throw new IntegrationError(
      `The selector you specified (${where}) applies to no DOM elements that are currently on the page. ` +
        "Make sure the element exists on the page before calling mount().",
    );
  }
  if (found.length > 1) {
    console.warn(`[Stripe.js] The selector you specified (${where}) applies to ${found.length} DOM elements.`);
  }
  return found[0];
}

class Elements {
  constructor(stripe, options) {
    checkElementsOptions(options);
    this.stripe = stripe;
    this.options = { ...options };
    this.clientSecret = options.clientSecret;
    this.isDeferred = "mode" in options;
    this.isSubmitted = false;
    this.element = null;
    const locale = options.locale ?? stripe.locale ?? "auto";
    this.locale = locale === "auto" ? navigator.language : locale;
  }

  /** The PaymentIntent, or what stands for it before it exists. */
  async load() {
    if (!this.isDeferred) return retrieve(this.stripe, this.clientSecret);
    const local = { eur: ["card", "sepa_debit"], usd: ["card", "us_bank_account"] }[this.options.currency];
    const offered = this.options.paymentMethodTypes ?? this.options.payment_method_types ?? local ?? ["card"];
    const excluded = this.options.excludedPaymentMethodTypes ?? [];
    return { intent: { payment_method_types: offered.filter((type) => !excluded.includes(type)) } };
  }

  create(type, options = {}) {
    if (!ELEMENT_TYPES.includes(type)) {
      throw new IntegrationError(
        `A valid Element type must be provided. Valid Elements are: ${ELEMENT_TYPES.join(", ")}; you passed: ${type}.`,
      );
    }
    if (type !== "payment") {
      throw new IntegrationError(`The sandbox has no ${type} Element: use the payment Element.`);
    }
    if (this.element !== null) {
      throw new IntegrationError("Can only create one Element of type payment.");
    }
    if (!this.isDeferred && this.clientSecret === undefined) {
      throw new IntegrationError(
        "In order to create a payment element, you must pass a clientSecret or mode when creating the Elements group.",
      );
    }
    checkPaymentElementOptions(options);
    this.element = new PaymentElement(this, { ...options });
    return this.element;
  }

  getElement(type) {
    return type === "payment" ? this.element : null;
  }

  async submit() {
    if (!this.element?.isMounted) {
      throw new IntegrationError("elements.submit() needs a mounted Payment Element.");
    }
    const result = await this.element.channel.request("validate");
    this.isSubmitted = result.error === undefined;
    return result;
  }

  async update(options) {
    checkElementsOptions({ ...this.options, ...options });
    Object.assign(this.options, options);
    this.isSubmitted = false;
  }

  async fetchUpdates() {
    const { error } = await this.load();
    return error ? { error } : {};
  }
}
