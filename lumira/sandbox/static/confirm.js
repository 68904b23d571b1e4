// Confirmation: by the frame, which has the fields; then 3-D Secure in a dialog, and the way back to the shop.

const AUTHENTICATION = `${ORIGIN}/js/three-d-secure.html`;
const INSTRUCTIONS = `${ORIGIN}/js/bank-transfer.html`;

function problem(message) {
  return { error: { type: "api_connection_error", message } };
}

/** Read a PaymentIntent as the browser may see it: `{intent}` or `{error}`. */
async function retrieve(stripe, secret) {
  const values = new URLSearchParams({ key: stripe.key, client_secret: secret, is_stripe_sdk: "false" });
  if (stripe.account) values.set("_stripe_account", stripe.account);
  const [, id] = SECRET.exec(secret);
  try {
    const reply = await fetch(`${ORIGIN}/v1/payment_intents/${id}?${values}`);
    const body = await reply.json();
    return reply.ok ? { intent: body } : { error: body.error };
  } catch {
    return problem("Stripe cannot be reached.");
  }
}

async function confirm(stripe, options) {
  const group = options?.elements instanceof Elements ? options.elements : null;
  checkConfirm(options, group);
  const secret = group.clientSecret ?? options.clientSecret;
  if (group.isDeferred) {
    const mismatch = await findMismatch(stripe, group, secret);
    if (mismatch) return { error: mismatch };
  }
  const params = options.confirmParams ?? {};
  const result = await group.element.channel.request("confirm", {
    secret,
    returnUrl: params.return_url,
    billing: params.payment_method_data?.billing_details ?? {},
  });
  if (result.error) return result;
  return finish(stripe, group, result.intent, { secret, ...options });
}

async function findMismatch(stripe, group, secret) {
  const { intent, error } = await retrieve(stripe, secret);
  if (error) return error;
  const { amount, currency } = group.options;
  if (intent.amount === amount && intent.currency === currency) return null;
  return {
    type: "invalid_request_error",
    code: "payment_intent_invalid_parameter",
    message: `The amount or currency of the PaymentIntent differs from that of Elements (${amount} ${currency}).`,
  };
}

async function finish(stripe, group, confirmed, options) {
  let intent = confirmed;
  if (intent.status === "requires_action" && intent.next_action?.type === "use_stripe_sdk") {
    const title = group.locale.startsWith("fr") ? "Authentification par votre banque" : "Authentication by your bank";
    await showDialog(AUTHENTICATION, title, { action: "authenticate", secret: options.secret, locale: group.locale });
    const read = await retrieve(stripe, options.secret);
    if (read.error) return read;
    intent = read.intent;
    if (intent.status === "requires_payment_method") {
      return { error: await group.element.channel.request("translate", { error: intent.last_payment_error }) };
    }
  }
  const instructions = intent.next_action?.display_bank_transfer_instructions;
  if (instructions) {
    const title = group.locale.startsWith("fr") ? "Instructions pour votre virement" : "Bank transfer instructions";
    await showDialog(INSTRUCTIONS, title, { action: "instruct", instructions, locale: group.locale });
  }
  if ((options.redirect ?? "always") === "if_required") return { paymentIntent: intent };
  const url = new URL(options.confirmParams.return_url);
  url.searchParams.set("payment_intent", intent.id);
  url.searchParams.set("payment_intent_client_secret", options.secret);
  url.searchParams.set("redirect_status", intent.status);
  window.location.assign(url);
  // As in Stripe.js, the promise stays open while the browser leaves the page.
  return new Promise(() => {});
}

/** Show a page of Stripe's in a dialog over the shop's page, until the buyer has closed it. */
function showDialog(url, title, { action, ...values }) {
  const dialog = document.createElement("div");
  const frame = document.createElement("iframe");
  const whole = { position: "fixed", inset: "0", width: "100%", height: "100%", border: "0", zIndex: "2147483647" };
  Object.assign(dialog.style, whole, { background: "rgba(0, 0, 0, 0.5)" });
  Object.assign(frame.style, whole);
  frame.title = title;
  frame.src = url;
  dialog.append(frame);
  const before = document.activeElement;
  return new Promise((resolve) => {
    const channel = new Channel(frame, async (report) => {
      if (report.event !== "loaded") return;
      await channel.request(action, values);
      channel.close();
      dialog.remove();
      before?.focus?.();
      resolve();
    });
    document.body.append(dialog);
  });
}
