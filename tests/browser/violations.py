"""What no page may do in a browser: break its security policy, fail in a script, or use Stripe.js wrongly."""

from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, WebError

#: How Chromium and Stripe.js begin or word what they report on the console.
_REPORTS = (
    "Content Security Policy",
    "Permissions policy",
    "securitypolicyviolation",
    "[Stripe.js]",
    "IntegrationError",
)
#: Reports each violation on the console, also one that Chromium words in another way.
_LISTEN = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`securitypolicyviolation: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
_found: dict[int, list[str]] = {}


def list_violations(browser: Browser) -> list[str]:
    """The violations in all windows of the browser, which is watched."""
    return _found.setdefault(id(browser), [])


def watch(browser: Browser) -> None:
    """Note every violation in the windows that are opened from now on."""
    found, open_context = list_violations(browser), browser.new_context

    def note(message: ConsoleMessage) -> None:
        if any(report in message.text for report in _REPORTS):
            found.append(message.text)

    def note_error(error: WebError) -> None:
        found.append(str(error.error))

    def new_context(**options: Any) -> BrowserContext:
        context = open_context(**options)
        context.on("console", note)
        context.on("weberror", note_error)
        context.add_init_script(_LISTEN)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
