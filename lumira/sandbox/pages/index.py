"""The page at ``/``: what this is and how to use it."""

from werkzeug.wrappers import Request, Response

from lumira.sandbox.pages.html import filled, html_page

_TEXT = """
<p>A stand-in for Stripe, for development and tests. It speaks Stripe's API, keeps its state on this
machine, sends signed webhooks, and no money moves.</p>
<h2>Use it</h2>
<pre>STRIPE_API_BASE=$base</pre>
<p>Any key <code>sk_test_&lt;name&gt;</code> (six letters, digits or underscores, or more) is an account of
its own; <code>pk_test_&lt;name&gt;</code> is its publishable twin. Nothing has to be registered first.</p>
<h2>Pay</h2>
<p>With Stripe's test cards and names: <code>4242424242424242</code> or <code>pm_card_visa</code>
succeeds,
<code>pm_card_visa_chargeDeclined</code> is declined,
<code>pm_card_authenticationRequired</code> asks the buyer,
<code>DE89370400440532013000</code> succeeds a little later.</p>
<p>A Checkout Session is paid on the page at its <code>url</code>, or by command:
<code>flask sandbox pay</code>, <code>flask sandbox expire</code>.</p>
<h2>Refund and dispute</h2>
<p>Refunds of <code>pm_card_pendingRefund</code> take their time, those of
<code>pm_card_refundFail</code> fail later; <code>pm_card_createDispute</code> and
<code>pm_card_createDisputeInquiry</code> are disputed. Any payment, by command:
<code>flask sandbox refund</code>, <code>flask sandbox dispute</code>, <code>flask sandbox close</code>,
<code>flask sandbox advance</code>.</p>
<h2>Bad days</h2>
<p>Under <code>$base/sandbox/</code>, with the secret key: <code>faults</code>, <code>deliveries</code>,
<code>deliveries/resend</code>, <code>deliveries/flush</code>, <code>requests</code>, <code>settings</code>,
<code>events</code>, <code>advance</code>, <code>reset</code>, <code>refunds</code>, <code>disputes</code>,
<code>account</code>, <code>checkout/sessions/…/pay</code>, <code>checkout/sessions/…/expire</code>.</p>
"""


def index_page(request: Request) -> Response:
    """What a person sees who opens the sandbox's address."""
    return html_page("Stripe sandbox", filled(_TEXT, base=request.host_url.rstrip("/")))
