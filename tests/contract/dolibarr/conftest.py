import pytest


@pytest.fixture
def server(dolibarr_server):
    """A Dolibarr of this test, whose wrong keys are answered at once."""
    dolibarr_server.configure(bad_key_seconds=0)
    return dolibarr_server


@pytest.fixture
def post(server):
    """POST as the user for synchronisations; return status and JSON."""

    def call(path, /, **body):
        reply = server.call("POST", path, key=server.key, json=body)
        return reply.status_code, reply.json() if reply.content else None

    return call


@pytest.fixture
def get(server):
    """GET as the user for synchronisations; return status and JSON."""

    def call(path, /, **query):
        reply = server.call("GET", path, key=server.key, params=query)
        return reply.status_code, reply.json() if reply.content else None

    return call


@pytest.fixture
def create(post):
    """POST what is accepted; return the id."""

    def call(path, /, **body):
        status, number = post(path, **body)
        assert status == 200, number
        return number

    return call


@pytest.fixture
def ada(create):
    """The id of a customer."""
    return create("/thirdparties", name="Ada", email="ada@example.com", client=1, code_client="auto")


@pytest.fixture
def line():
    """A line of 19.99 without VAT, and 23.79 with it."""
    return {"desc": "Course", "qty": 1, "subprice": "19.99", "tva_tx": "19", "product_type": 1}


@pytest.fixture
def invoice(create, post, ada, line):
    """Create an invoice and validate it; return its id."""

    def build(*, is_draft=False, **more):
        number = create("/invoices", **{"socid": ada, "date": "2026-11-20", "lines": [line], **more})
        if not is_draft:
            assert post(f"/invoices/{number}/validate")[0] == 200
        return number

    return build


@pytest.fixture
def pay(post):
    """Pay an invoice by `paymentsdistributed`; return status and reply."""

    def call(number, amount, **more):
        amounts = {str(number): {"amount": amount, "multicurrency_amount": ""}}
        body = {
            "arrayofamounts": amounts,
            "datepaye": 1795000000,
            "paymentid": 6,
            "closepaidinvoices": "yes",
            "accountid": 1,
            "num_payment": "pay_1",
            "ref_ext": "pay_1",
        }
        return post("/invoices/paymentsdistributed", **body | more)

    return call
