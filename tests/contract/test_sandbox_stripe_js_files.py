"""Stripe.js and its frames, as files: under the name of the API's release, and with a policy of their own."""

import pytest
import requests
import stripe

RELEASE = stripe.api_version.rpartition(".")[2]


def test_the_script_has_the_name_of_the_apis_release(sandbox_url):
    reply = requests.get(f"{sandbox_url}/{RELEASE}/stripe.js", timeout=60)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/javascript")
    assert f"RELEASE = '{RELEASE}'" in reply.text
    assert reply.text.endswith("})();\n")


@pytest.mark.parametrize(
    "path", ["/v3/stripe.js", "/acacia/stripe.js", "/js/checks.js", "/js/../app.py", "/js/"]
)
def test_other_releases_and_files_do_not_exist(sandbox_url, path):
    assert requests.get(sandbox_url + path, timeout=60).status_code == 404


@pytest.mark.parametrize("frame", ["payment-element.html", "three-d-secure.html"])
def test_a_frame_loads_and_calls_its_own_origin_only(sandbox_url, frame):
    reply = requests.get(f"{sandbox_url}/js/{frame}", timeout=60)
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors" not in policy
