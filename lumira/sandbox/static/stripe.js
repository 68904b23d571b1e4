// Stripe(publishableKey, options): the object with which a page begins.

const STRIPE_OPTIONS = ["stripeAccount", "apiVersion", "locale", "betas", "developerTools"];

class StripeObject {
  constructor(key, options) {
    checkKey(key);
    requireObject(options, "Stripe(): options");
    warnOfUnknown(options, STRIPE_OPTIONS, "Stripe()");
    this.key = key;
    this.account = options.stripeAccount;
    this.locale = options.locale;
    if (window.location.protocol !== "https:") {
      console.info(
        "You may test your Stripe.js integration over HTTP. However, live Stripe.js integrations must use HTTPS.",
      );
    }
  }
}

/** Of the objects that a page gets, only the methods that Stripe.js has: the rest is not the page's to use. */
window.Stripe = Object.assign(
  function Stripe(key, options = {}) {
    const stripe = new StripeObject(key, options);
    return Object.freeze({
      elements: (given = {}) => new Elements(stripe, given),
      confirmPayment: (given) => confirm(stripe, given),
      retrievePaymentIntent: async (secret) => {
        checkSecret(secret, "stripe.retrievePaymentIntent()");
        const { intent, error } = await retrieve(stripe, secret);
        return error ? { error } : { paymentIntent: intent };
      },
    });
  },
  { version: RELEASE },
);
