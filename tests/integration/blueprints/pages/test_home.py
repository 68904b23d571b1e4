"""`/` leads to what the caller may see."""

from tests.support.factories import Brand


def test_a_tenants_domain_leads_to_its_shop(client, tenant: Brand) -> None:
    reply = client.get("/", headers={"Host": tenant.domain})
    assert (reply.status_code, reply.headers["Location"]) == (303, "/checkout")


def test_production_shows_nothing_elsewhere(client) -> None:
    reply = client.get("/")
    assert (reply.status_code, reply.json["code"]) == (404, "NOT_FOUND")


def test_a_development_installation_has_an_index(client_with, tenant: Brand) -> None:
    reply = client_with(environment="development").get("/")
    assert reply.status_code == 200
    assert f'href="/checkout/{tenant.slug}"' in reply.text
    assert 'href="/api/docs"' in reply.text
    assert 'href="/dashboard"' in reply.text
