"""Every description loads, into frozen values with every default filled in."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from connector.systems.body import Body
from connector.systems.errors import SpecError
from connector.systems.load import load_file
from connector.systems.path import Header
from connector.systems.registry import CATALOGUE
from connector.systems.spec import CredentialCopy, System
from connector.systems.spec_auth import HmacAuth, OAuth2Auth, SessionAuth
from connector.systems.spec_objects import LastRecord, Stop
from connector.systems.template import Template
from connector.webhooks.schemes import known_schemes
from tests.connector.systems.language.documents import FILES


def system(name: str) -> System:
    return load_file(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_every_description_loads(name: str) -> None:
    assert system(name).name == name


def test_nothing_of_a_spec_can_be_changed() -> None:
    spec = system("bill")
    with pytest.raises(FrozenInstanceError):
        spec.title = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        spec.streams["x"] = spec.streams["bills"]  # type: ignore[index]
    with pytest.raises(TypeError):
        spec.streams["bills"].request.query["x"] = Template("")  # type: ignore[index]


def test_every_default_is_the_one_of_the_tables() -> None:
    spec = system("practice_open")
    stream = spec.streams["things"]
    assert (spec.limits.timeout_s, spec.limits.connect_s, spec.limits.concurrent) == (30, 10, 4)
    assert spec.limits.answer_bytes == 10_485_760
    assert spec.success.status == ()
    assert (spec.wire.decimal, spec.wire.date, spec.wire.id) == ("number", "iso", "text")
    assert (stream.request.method, stream.request.base, stream.request.answer) == (
        "GET", "main", "json",
    )  # fmt: skip
    assert (stream.pages.type, stream.pages.size, stream.pages.most) == ("none", 100, 10_000)
    assert (stream.order, stream.detail, stream.as_map, stream.cursor) == (
        "none",
        False,
        False,
        None,
    )
    assert (spec.open, spec.settings, spec.errors, spec.webhooks) == ((), (), (), None)


def test_a_request_with_a_body_is_a_post() -> None:
    shopify = system("shopify")
    assert shopify.check.request is not None
    assert (shopify.check.request.method, shopify.check.request.repeatable) == ("POST", True)


def test_a_write_without_a_body_sends_every_field_but_a_get_sends_none() -> None:
    create = system("bill").objects["vendor"].create
    head = system("practice").objects["invoice"].create
    void = system("business_central").objects["purchase_invoice"].void
    assert create is not None
    assert head is not None
    assert void is not None
    assert create.request.body == Body({"$fields": "record"})
    assert head.request.body is None
    assert void.request.body is None


def test_paths_keys_and_fields_are_settled() -> None:
    bill = system("bill")
    fields = bill.streams["bills"].fields
    assert fields["id"].at == ("id",)
    assert fields["vendor"].at == ("vendorId",)
    assert fields["number"].at == ("invoice", "invoiceNumber")
    assert bill.streams["bills"].key == (("id",),)
    assert system("practice").streams["paged"].key == (("company", "id"), ("year",))
    assert system("practice_session").streams["things"].key == (("id",),)
    assert bill.errors[4].message == (("*", "message"),)
    assert system("practice").streams["linked"].records == ()


def test_pagers_and_cursors_have_their_own_defaults() -> None:
    practice = system("practice").streams
    assert practice["paged"].pages.start == 1
    assert practice["paged"].pages.stop == Stop(total=("total",))
    assert practice["tokened"].pages.next == Header("X-Next")
    assert practice["linked"].pages.rel == "next"
    assert system("stripe").streams["customers"].pages.next == LastRecord(("id",))
    assert system("tryton").streams["suppliers"].pages.stop == Stop()
    marked = practice["marked"].cursor
    bills = system("bill").streams["bills"].cursor
    assert marked is not None
    assert bills is not None
    assert (marked.start, marked.overlap_s) == (None, 86_400)
    assert (bills.start, bills.overlap_s) == ("1970-01-01T00:00:00Z", 300)


def test_an_error_that_may_pass_leaves_it_open_whether_the_write_happened() -> None:
    rules = system("shopify").errors
    assert [(rule.kind, rule.done) for rule in rules][1:3] == [
        ("config", "no"),
        ("transient", "maybe"),
    ]
    assert system("netsuite").errors[2].id == Header("Location", "last_segment")


def test_each_way_of_signing_in_has_its_own_class() -> None:
    assert isinstance(system("tryton").auth, SessionAuth)
    assert isinstance(system("practice").auth, HmacAuth)
    auth = system("netsuite").auth
    assert isinstance(auth, OAuth2Auth)
    assert auth.assertion is not None
    assert (auth.assertion.algorithm, auth.assertion.life_s, auth.early_s) == ("PS256", 300, 60)
    assert {system(name).auth.type for name in FILES} == {
        "none", "static", "basic", "session", "oauth1", "hmac", "oauth2",
    }  # fmt: skip


def test_ids_of_events_are_paths_lists_of_paths_headers_or_the_digest() -> None:
    found = {name: system(name).webhooks for name in FILES}
    ids = {name: hooks.id for name, hooks in found.items() if hooks}
    assert ids["bill"] == ("metadata", "eventId")
    assert ids["business_central"] == (
        ("subscriptionId",), ("resource",), ("changeType",), ("lastModifiedDateTime",),
    )  # fmt: skip
    assert ids["shopify"] == Header("X-Shopify-Webhook-Id")
    assert ids["practice_oauth1"] == "body_digest"
    assert found["shopify"] is not None
    assert found["shopify"].secret == CredentialCopy("client_secret")


def test_steps_name_what_they_go_through() -> None:
    create = system("practice").objects["invoice"].create
    post = system("tryton").objects["supplier_invoice"].create
    assert create is not None
    assert post is not None
    assert (create.then[0].each, create.then[0].already) == (("record", "lines"), ("lines",))
    assert (post.then[0].if_, post.then[0].each) == (("settings", "post_invoices"), None)


def test_a_record_is_read_back_by_the_stream_or_by_its_own_request() -> None:
    bill, code = system("bill"), system("practice_code")
    assert bill.read_of(bill.objects["bill"]) == bill.streams["bills"].one
    assert code.read_of(code.objects["thing"]) == code.objects["thing"].read
    shopify = system("shopify")
    assert shopify.read_of(shopify.objects["stock"]) is None


def test_bytes_that_are_no_text_are_refused_as_everything_else(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"a: \xff")
    with pytest.raises(SpecError, match=r"x\.yaml:1: \(top\): the file is not UTF-8 text"):
        load_file(file)


@pytest.mark.parametrize("name", ["bill", "quickbooks_online", "shopify", "stripe"])
def test_the_signature_schemes_of_the_examples_exist(name: str) -> None:
    assert load_file(FILES[name], schemes=known_schemes()).name == name


@pytest.mark.parametrize("file", sorted(CATALOGUE.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_system_loads_with_a_scheme_that_exists(file: Path) -> None:
    assert load_file(file, schemes=known_schemes()).name == file.stem
