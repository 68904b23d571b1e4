"""Lists and searches of the sandbox's Dolibarr are those that were measured."""

import pytest


@pytest.fixture
def people(create):
    """Three customers: ids, names and extra fields 1 to 3."""
    return [
        create(
            "/thirdparties",
            name=f"Person {n}",
            email=f"p{n}@example.com",
            array_options={"options_lumira_id": f"cus_{n}"},
        )
        for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("(t.nom:=:'person 2')", [2]),
        ("(t.nom:like:'Person%')", [1, 2, 3]),
        ("(t.nom:notlike:'%2')", [1, 3]),
        ("(t.nom:!=:'Person 2')", [1, 3]),
        ("(t.rowid:>:1)", [2, 3]),
        ("(t.rowid:<=:2)", [1, 2]),
        ("(t.rowid:in:1,3)", [1, 3]),
        ("(t.rowid:notin:1,3)", [2]),
        ("(t.phone:is:null) and (t.rowid:<:2)", [1]),
        ("(t.nom:isnot:null)", [1, 2, 3]),
        ("(ef.lumira_id:=:'cus_3')", [3]),
        ("(t.rowid:=:1) or ((t.rowid:>:1) and (ef.lumira_id:=:'cus_3'))", [1, 3]),
        ("(t.email:=:'p2@example.com')", [2]),
        ("(t.status:=:1) and (t.rowid:>=:3)", [3]),
    ],
)
def test_operators_search_columns_and_extra_fields(get, people, condition, found) -> None:
    status, rows = get("/thirdparties", sqlfilters=condition, sortfield="t.rowid")
    assert status == 200
    assert [int(row["id"]) for row in rows] == found


def test_an_empty_list_of_third_parties_is_a_404_and_other_empty_lists_are_empty(server, get) -> None:
    assert get("/thirdparties")[0] == 404
    for path in ("/orders", "/invoices"):
        assert get(path) == (200, [])
    for path in ("/products", "/contacts"):
        assert server.call("GET", path).json() == []


def test_in_version_16_empty_lists_of_documents_are_a_404_too(server, get) -> None:
    server.configure(version="16.0.3")
    assert get("/orders")[0] == get("/invoices")[0] == 404


def test_past_the_last_page_is_as_empty_as_an_empty_list(get, people) -> None:
    assert get("/thirdparties", page=1)[0] == 404
    assert get("/orders", page=1) == (200, [])


def test_a_page_has_100_rows_and_limit_0_all(server, get) -> None:
    for n in range(101):
        server.staff("POST", "/thirdparties", name=f"n{n}")
    assert len(get("/thirdparties")[1]) == 100
    assert len(get("/thirdparties", page=1)[1]) == 1
    assert len(get("/thirdparties", limit=0)[1]) == 101


def test_rows_are_sorted_and_counted(get, people) -> None:
    _, reply = get("/thirdparties", sortfield="t.rowid", sortorder="DESC", limit=2, pagination_data="true")
    assert [row["id"] for row in reply["data"]] == ["3", "2"]
    assert reply["pagination"] == {"total": 3, "page": 0, "page_count": 2, "limit": 2}


def test_a_parenthesis_in_a_value_is_a_400_about_the_balance(get, people) -> None:
    status, body = get("/thirdparties", sqlfilters="(t.nom:=:'Bob (x')")
    assert status == 400
    assert "Wrong balance" in body["error"]["message"]


def test_bad_syntax_is_a_400(get, people) -> None:
    for condition in ("t.nom = 'x'", "(t.nom:~:'x')", "(t.nom:=:'x') nor (t.nom:=:'x')", "(t.nom:=:'x') and"):
        assert get("/thirdparties", sqlfilters=condition)[0] == 400


def test_an_apostrophe_is_sent_as_it_is(get, create) -> None:
    number = create("/thirdparties", name="O'Brien")
    _, rows = get("/thirdparties", sqlfilters="(t.nom:=:'O'Brien')")
    assert [row["id"] for row in rows] == [str(number)]


@pytest.mark.parametrize("column", ["t.bogus", "ef.bogus"])
def test_an_unknown_column_is_a_503(get, people, column) -> None:
    status, body = get("/thirdparties", sqlfilters=f"({column}:=:'x')")
    assert status == 503
    assert f"Unknown column '{column}'" in body["error"]["message"]


def test_without_the_right_to_see_all_the_list_is_a_404_and_one_third_party_a_403(
    server, get, people
) -> None:
    server.change_user(rights=[121, 122, 81, 82, 11, 12])
    assert get("/thirdparties")[0] == 404
    assert get("/thirdparties/1")[0] == 403


def test_the_route_for_an_email_address_with_two_matches_is_an_object_of_nulls(get, create) -> None:
    assert get("/thirdparties/email/ada@example.com")[0] == 404
    for name in ("Ada", "Eve"):
        create("/thirdparties", name=name, email="ada@example.com")
    status, body = get("/thirdparties/email/ada@example.com")
    assert status == 200
    assert set(body.values()) == {None}


def test_an_email_address_is_unique_only_if_it_is_set_so(server, post) -> None:
    assert post("/thirdparties", name="Ada", email="ada@example.com")[0] == 200
    server.configure(email_unique=True)
    status, body = post("/thirdparties", name="Eve", email="Ada@example.com")
    assert status == 500
    assert "assigned to another third" in body["error"]["0"]


@pytest.mark.parametrize(
    "path", ["/orders/ref/x", "/orders/ref_ext/x", "/invoices/ref/x", "/invoices/ref_ext/x"]
)
def test_the_routes_for_references_always_answer_400(get, path) -> None:
    status, body = get(path)
    assert status == 400
    assert "with id=0 can exist" in body["error"]["message"]


def test_properties_filter_the_fields(get, people) -> None:
    _, rows = get("/thirdparties", properties="id,name,bogus", limit=1)
    assert rows == [{"id": "1", "name": "Person 1", "bogus": None}]


def test_tms_is_the_database_servers_local_time_and_not_returned(server, get, people) -> None:
    server.configure(utc_offset=7200)
    row = server.third_parties()[0]
    local = server.local_time(row["tms"])
    assert get("/thirdparties", sqlfilters=f"(t.tms:>=:'{local}')")[0] == 200
    later = server.local_time(row["tms"] + 60)
    assert get("/thirdparties", sqlfilters=f"(t.tms:>=:'{later}')")[0] == 404
    assert get("/thirdparties/1")[1]["tms"] is None


def test_the_modification_time_is_empty_without_extra_fields(get, create, people) -> None:
    bare = create("/thirdparties", name="Bare")
    assert get(f"/thirdparties/{bare}")[1]["date_modification"] == ""
    assert get(f"/thirdparties/{bare}")[1]["array_options"] == []
    assert isinstance(get("/thirdparties/1")[1]["date_modification"], int)


def test_a_change_of_an_extra_field_only_moves_its_own_time(server, get, people) -> None:
    before = server.third_parties()[0]
    server.configure(clock_offset=100)
    server.staff("PUT", "/thirdparties/1", array_options={"options_lumira_id": "cus_9"})
    after = server.third_parties()[0]
    assert after["tms"] == before["tms"]
    assert after["ef_tms"] >= before["ef_tms"] + 100
    assert get("/thirdparties/1")[1]["date_modification"] == after["ef_tms"]


def test_a_change_of_nothing_moves_nothing(server, people) -> None:
    before = server.third_parties()[0]
    server.configure(clock_offset=100)
    server.staff("PUT", "/thirdparties/1", name="Person 1", array_options={"options_lumira_id": "cus_1"})
    assert server.third_parties()[0] == before


def test_a_deletion_leaves_an_agenda_event_with_a_label_only(server, people) -> None:
    server.staff("DELETE", "/thirdparties/2")
    rows = server.call("GET", "/agendaevents", params={"sqlfilters": "(t.code:=:'AC_COMPANY_DELETE')"}).json()
    assert [row["label"] for row in rows] == ["Third party Person 2 deleted"]
    assert server.call("GET", "/thirdparties/2").status_code == 404
