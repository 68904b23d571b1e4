// What Stripe.js checks before it does anything. A mistake of the page throws an IntegrationError; a parameter that
// Stripe.js does not know is a warning on the console.

class IntegrationError extends Error {
  constructor(message) {
    super(message);
    this.name = "IntegrationError";
  }
}

const LOCALES = new Set(
  ("auto ar bg cs da de el en en-AU en-CA en-NZ en-GB es es-ES es-419 et fi fil fr fr-CA fr-FR he hu hr id it it-IT ja ko lt " +
    "lv ms mt nb nl no pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW").split(" "),
);

const ELEMENT_TYPES = (
  "address auBankAccount card cardNumber cardExpiry cardCvc contactDetails currencySelector expressCheckout iban payment " +
  "paymentMethodMessaging paymentRequestButton linkAuthentication shippingAddress taxId terms"
).split(" ");

const COMMON_OPTIONS = (
  "fonts locale appearance loader customerOptions customerSessionClientSecret customPaymentMethods syncAddressCheckbox " +
  "paymentMethodCreation currency"
).split(" ");
const DEFERRED_OPTIONS = (
  "mode amount setupFutureUsage setup_future_usage captureMethod capture_method onBehalfOf on_behalf_of paymentMethodTypes " +
  "payment_method_types excludedPaymentMethodTypes allowedPaymentMethodTypes paymentMethodConfiguration " +
  "payment_method_configuration paymentMethodOptions payment_method_options externalPaymentMethodTypes adaptivePricing"
).split(" ");

const APPEARANCE = ["disableAnimations", "theme", "variables", "rules", "labels", "inputs"];
const THEMES = ["stripe", "night", "flat"];
const VARIABLES = new Set(
  ("fontFamily fontSmooth fontVariantLigatures fontVariationSettings fontLineHeight fontSizeBase fontSizeSm fontSizeXs " +
    "fontSize2Xs fontSize3Xs fontSizeLg fontSizeXl fontWeightLight fontWeightNormal fontWeightMedium fontWeightBold " +
    "spacingUnit gridRowSpacing gridColumnSpacing tabSpacing accordionItemSpacing spacingGridRow spacingGridColumn " +
    "spacingTab spacingAccordionItem accordionItemLabelColorText accordionItemLabelFontSize " +
    "accordionItemLabelFontWeight accordionItemLabelSelectedColorText accordionItemLabelSelectedFontWeight colorPrimary " +
    "colorBackground colorText colorSuccess colorDanger colorWarning buttonColorBackground buttonColorText " +
    "buttonFontSize buttonFontWeight buttonPadding colorTextSecondary colorTextPlaceholder " +
    "accessibleColorOnColorPrimary accessibleColorOnColorBackground accessibleColorOnColorSuccess " +
    "accessibleColorOnColorDanger accessibleColorOnColorWarning iconColor iconHoverColor iconCardErrorColor " +
    "iconCardCvcColor iconCardCvcErrorColor iconCheckmarkColor iconChevronDownColor iconChevronDownHoverColor " +
    "iconCloseColor iconCloseHoverColor iconLoadingIndicatorColor iconMenuColor iconMenuHoverColor iconRedirectColor " +
    "tabIconColor tabIconHoverColor tabIconSelectedColor tabIconMoreColor tabIconMoreHoverColor logoColor tabLogoColor " +
    "tabLogoSelectedColor blockLogoColor focusBoxShadow focusOutline inputBoxShadow inputColorBorder " +
    "inputFocusBoxShadow inputFocusColorBorder labelColorText labelFontSize labelFontWeight labelSpacing " +
    "buttonBorderRadius buttonExpressCheckoutBorderRadius borderRadius").split(" "),
);

const PAYMENT_ELEMENT_OPTIONS =
  "defaultValues business paymentMethodOrder fields readOnly terms wallets layout applePay".split(" ");
const LAYOUTS = ["tabs", "accordion", "auto"];
const LAYOUT_OPTIONS =
  "type defaultCollapsed radios spacedAccordionItems visibleAccordionItemsCount".split(" ");
const CONFIRM_OPTIONS = ["elements", "clientSecret", "confirmParams", "confirmationToken", "redirect"];
const CONFIRM_PARAMS = (
  "return_url payment_method payment_method_data payment_method_options mandate mandate_data receipt_email shipping " +
  "setup_future_usage off_session error_on_requires_action expand save_payment_method confirmation_token"
).split(" ");

const SECRET = /^(pi_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/;

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function requireObject(value, where) {
  if (!isObject(value)) {
    throw new IntegrationError(`Invalid value for ${where} should be an object. You specified: ${String(value)}.`);
  }
}

function warnOfUnknown(object, known, where) {
  for (const name of Object.keys(object)) {
    if (!known.includes(name)) {
      console.warn(
        `[Stripe.js] Unrecognized ${where} parameter: ${name} is not a recognized parameter. ` +
          "This may cause issues with your integration in the future.",
      );
    }
  }
}

function checkKey(key) {
  if (typeof key !== "string" || !key) {
    throw new IntegrationError("Please call Stripe() with your publishable key. You used an empty string.");
  }
  if (/^(sk|rk)_/.test(key)) {
    throw new IntegrationError(
      "You should not use your secret key with Stripe.js. Please pass a publishable key instead.",
    );
  }
  if (!/^pk_test_[A-Za-z0-9_]{6,200}$/.test(key)) {
    throw new IntegrationError(`Invalid API Key provided: ${key.slice(0, 8)}***. The sandbox accepts pk_test_… only.`);
  }
}

function checkSecret(secret, where) {
  if (typeof secret !== "string" || !SECRET.test(secret)) {
    throw new IntegrationError(
      `Invalid value for ${where}: clientSecret should be a client secret of the form \${id}_secret_\${secret}.`,
    );
  }
}

function checkElementsOptions(options) {
  requireObject(options, "stripe.elements(): options");
  const isDeferred = "mode" in options;
  if (isDeferred && "clientSecret" in options) {
    throw new IntegrationError(
      "Invalid value for elements(): pass either clientSecret or mode when creating the Elements group, not both.",
    );
  }
  const known = [...COMMON_OPTIONS, ...(isDeferred ? DEFERRED_OPTIONS : ["clientSecret"])];
  warnOfUnknown(options, known, "elements()");
  if (isDeferred) {
    checkDeferred(options);
  } else if ("clientSecret" in options) {
    checkSecret(options.clientSecret, "elements()");
  }
  if ("locale" in options && !LOCALES.has(options.locale)) {
    console.warn(`[Stripe.js] Unrecognized elements() locale: ${options.locale} is not supported.`);
  }
  if ("loader" in options && !["auto", "always", "never"].includes(options.loader)) {
    throw new IntegrationError("Invalid value for elements(): loader should be one of auto, always, never.");
  }
  checkAppearance(options.appearance);
}

function checkDeferred(options) {
  if (!["payment", "setup", "subscription"].includes(options.mode)) {
    throw new IntegrationError(
      "Invalid value for elements(): mode should be one of payment, setup, subscription.",
    );
  }
  if (options.mode === "setup") return;
  if (!Number.isInteger(options.amount) || options.amount < 0) {
    throw new IntegrationError(
      "Invalid value for elements(): amount should be a non-negative integer in the smallest currency unit.",
    );
  }
  if (typeof options.currency !== "string" || !/^[a-z]{3}$/.test(options.currency)) {
    throw new IntegrationError(
      "Invalid value for elements(): currency should be a three-letter ISO code in lowercase.",
    );
  }
}

function checkAppearance(appearance) {
  if (appearance === undefined) return;
  requireObject(appearance, "elements(): appearance");
  warnOfUnknown(appearance, APPEARANCE, "elements() appearance");
  if ("theme" in appearance && !THEMES.includes(appearance.theme)) {
    throw new IntegrationError(
      `Invalid value for elements(): appearance.theme should be one of ${THEMES.join(", ")}.`,
    );
  }
  for (const [name, value] of Object.entries(appearance.variables ?? {})) {
    if (!VARIABLES.has(name)) {
      console.warn(`[Stripe.js] Unrecognized appearance variable: ${name} is not a supported variable.`);
    } else if (typeof value !== "string") {
      throw new IntegrationError(`Invalid value for elements(): appearance.variables.${name} should be a string.`);
    } else if (/^color|Color/.test(name) && !CSS.supports("color", value)) {
      throw new IntegrationError(`Invalid value for elements(): appearance.variables.${name} is no color: ${value}.`);
    }
  }
}

function checkPaymentElementOptions(options) {
  requireObject(options, "elements.create('payment'): options");
  warnOfUnknown(options, PAYMENT_ELEMENT_OPTIONS, "elements.create('payment')");
  const layout = isObject(options.layout) ? options.layout : { type: options.layout ?? "tabs" };
  warnOfUnknown(layout, LAYOUT_OPTIONS, "elements.create('payment') layout");
  if (!LAYOUTS.includes(layout.type)) {
    throw new IntegrationError(
      `Invalid value for elements.create('payment'): layout.type should be one of ${LAYOUTS.join(", ")}.`,
    );
  }
}

function checkConfirm(options, group) {
  const where = "stripe.confirmPayment()";
  requireObject(options, `${where}: options`);
  warnOfUnknown(options, CONFIRM_OPTIONS, where);
  if (!(group && group.element && group.element.isMounted)) {
    throw new IntegrationError(
      `Invalid value for ${where}: elements should have a mounted Payment Element or Express Checkout Element.`,
    );
  }
  const redirect = options.redirect ?? "always";
  if (!["always", "if_required"].includes(redirect)) {
    throw new IntegrationError(`Invalid value for ${where}: redirect should be one of always, if_required.`);
  }
  const params = options.confirmParams ?? {};
  requireObject(params, `${where}: confirmParams`);
  warnOfUnknown(params, CONFIRM_PARAMS, `${where} confirmParams`);
  if (params.return_url === undefined && redirect === "always") {
    throw new IntegrationError(
      `${where}: the confirmParams.return_url argument is required unless passing redirect: "if_required".`,
    );
  }
  if (params.return_url !== undefined && !/^https?:\/\/[^/]/.test(params.return_url)) {
    throw new IntegrationError(
      `Invalid value for ${where}: confirmParams.return_url should be an absolute URL that begins with http or https.`,
    );
  }
  checkConfirmOrder(options, group, where);
}

function checkConfirmOrder(options, group, where) {
  if (group.isDeferred) {
    if (!group.isSubmitted) {
      throw new IntegrationError(`elements.submit() must be called before ${where}.`);
    }
    if (options.clientSecret === undefined) {
      throw new IntegrationError(
        `Missing value for ${where}: clientSecret is required when elements was created with mode.`,
      );
    }
    checkSecret(options.clientSecret, where);
  } else if (options.clientSecret !== undefined && options.clientSecret !== group.clientSecret) {
    throw new IntegrationError(
      `Invalid value for ${where}: clientSecret is that of another payment than the one of elements.`,
    );
  }
}
