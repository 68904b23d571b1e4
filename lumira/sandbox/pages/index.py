"""The page at ``/``: what the sandbox is and how to use it."""

from werkzeug.wrappers import Request, Response

from lumira.sandbox.pages.html import html_page, render

_TEXT = """
<p>A stand-in for Stripe, for development and tests. It implements Stripe's API, stores its state on this
machine and sends signed webhooks. No money moves.</p>
<h2>Use it</h2>
<pre>STRIPE_API_BASE=$base</pre>
<p>Every key <code>sk_test_&lt;name&gt;</code> is an account of its own; <code>pk_test_&lt;name&gt;</code> is
its publishable key. A name has at least six characters (a-z, A-Z, 0-9, underscore). No registration is
needed.</p>
<h2>Pay</h2>
<p>With Stripe's test cards and names: <code>4242424242424242</code> or <code>pm_card_visa</code>
succeeds,
<code>pm_card_visa_chargeDeclined</code> is declined,
<code>pm_card_authenticationRequired</code> requires authentication,
<code>DE89370400440532013000</code> succeeds after a delay.</p>
<p>A Checkout Session is paid on the page at its <code>url</code>, or from the command line:
<code>flask sandbox pay</code>, <code>flask sandbox expire</code>.</p>
<h2>Refund and dispute</h2>
<p>Refunds of <code>pm_card_pendingRefund</code> are pending first, those of
<code>pm_card_refundFail</code> fail later; <code>pm_card_createDispute</code> and
<code>pm_card_createDisputeInquiry</code> are disputed. For any payment, from the command line:
<code>flask sandbox refund</code>, <code>flask sandbox dispute</code>, <code>flask sandbox close</code>,
<code>flask sandbox advance</code>.</p>
<h2>Dolibarr</h2>
<p><code>$base/dolibarr/&lt;name&gt;</code> is a Dolibarr of its own for every name (a-z, 0-9, hyphen): its REST API
with the keys <code>sync-&lt;name&gt;</code> and, for an administrator, <code>admin-&lt;name&gt;</code>, and pages on
which its records are changed as staff change them.</p>
<h2>Faults and controls</h2>
<p>Under <code>$base/sandbox/</code>, with the secret key: <code>faults</code>, <code>deliveries</code>,
<code>deliveries/resend</code>, <code>deliveries/flush</code>, <code>requests</code>, <code>settings</code>,
<code>events</code>, <code>advance</code>, <code>reset</code>, <code>refunds</code>, <code>disputes</code>,
<code>account</code>, <code>checkout/sessions/…/pay</code>, <code>checkout/sessions/…/expire</code>.</p>
"""


def index_page(request: Request) -> Response:
    """Return the page that describes the sandbox."""
    return html_page("Stripe sandbox", render(_TEXT, base=request.host_url.rstrip("/")))
