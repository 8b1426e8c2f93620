"""What two parts of a description say about each other must hold."""

import pytest

from connector.systems import crosscheck
from connector.systems.errors import SpecError
from tests.connector.systems.language.documents import changed, document, load

MONEY = {"type": "money", "currency": "EUR"}

CASES: list[tuple[str, list[str | int], object, str, str]] = [
    ("bill", ["objects", "bill", "order_after"], ["vendr"], "objects.bill.order_after.0",
     'no object "vendr"'),
    ("bill", ["objects", "vendor", "order_after"], ["bill"], "objects.bill.order_after",
     "goes round in a ring: bill → vendor → bill"),
    ("bill", ["objects", "bill", "find", "compare"], {"lines": "lines"},
     "objects.bill.find.compare.lines", "a field of type list can't be compared"),
    ("bill", ["objects", "bill", "find", "compare"], {"number": "dueDate"},
     "objects.bill.find.compare.number", '"number" is of type text, but the stream reads date'),
    ("bill", ["objects", "bill", "fields", "lines", "fields", "account", "codes", "stream"],
     "acounts",
     "objects.bill.fields.lines.fields.account.codes.stream", 'no stream "acounts"'),
    ("bill", ["objects", "bill", "fields", "lines", "sum", "equals"], "totl",
     "objects.bill.fields.lines.sum.equals", 'no field "totl"'),
    ("bill", ["objects", "bill", "fields", "due_date", "wire"], "minor",
     "objects.bill.fields.due_date.wire", "a field of type date has iso, compact"),
    ("bill", ["objects", "bill", "fields", "number", "wire"], "text",
     "objects.bill.fields.number.wire", "no form of its own"),
    ("bill", ["streams", "vendors", "key"], "updatedTime", "streams.vendors.key",
     "a cursor field can't be the key"),
    ("bill", ["limits", "rates", 1, "only"], "logn", "limits.rates.1.only", '"logn" is not login'),
    ("bill", ["settings", 0, "default"], "other", "settings.0.default", "must be one of gateway"),
    ("bill", ["settings", 1, "name"], "environment", "settings.1.name", "stands here twice"),
    ("bill", ["title"], "{{ settings.zone }}", "title", "no template may stand here"),
    ("bill", ["streams", "bills", "one", "request", "path"], "bills/{{ id | optional }}",
     "streams.bills.one.request.path", '"optional" has no place in a path'),
    ("bill", ["objects", "bill", "create", "request", "path"], "bills/{{ id }}",
     "objects.bill.create.request.path", 'there is no "id" before'),
    ("bill", ["objects", "bill", "create", "request", "body"], {"x": "{{ line.amount }}"},
     "objects.bill.create.request.body.x", 'only inside of "$each"'),
    ("bill", ["objects", "bill", "create", "request", "body"],
     {"x": {"$each": "record.lines", "$item": "{{ line.amuont }}"}},
     "objects.bill.create.request.body.x.$item", 'no field "amuont" in the list'),
    ("bill", ["objects", "bill", "create", "request", "body"],
     {"x": {"$each": "record.lines", "y": 1}},
     "objects.bill.create.request.body", '"y" can\'t stand beside "$each"'),
    ("bill", ["objects", "bill", "create", "request", "body"], {"x": "{{ key | limit }}"},
     "objects.bill.create.request.body.x", 'the pipe "limit" needs a whole number'),
    ("bill", ["auth", "login", "request", "body", "devKey"], "{{ call.body }}",
     "auth.login.request.body.devKey", 'unknown name "call.body"'),
    ("bill", ["auth", "send", "headers", "sessionId"], "{{ auth.sesion }}",
     "auth.send.headers.sessionId", 'nothing gives "auth.sesion"; known: session'),
    ("bill", ["objects", "bill", "fields", "due_date", "at"], ["invoice", "invoiceNumber"],
     "objects.bill.fields.due_date", 'lies at the same place as "number"'),
    ("bill", ["objects", "bill", "fields", "due_date", "at"], ["vendorId", "due"],
     "objects.bill.fields.due_date", 'lies inside of "vendor"'),
    ("bill", ["objects", "bill", "fields", "lines", "fields", "description", "at"], "amount",
     "objects.bill.fields.lines.fields.description", 'lies at the same place as "amount"'),
    ("practice", ["auth", "certificate", "cert"], "crt", "auth.certificate.cert",
     'no credential "crt"'),
    ("practice", ["auth", "key"], "{{ credential.key_file.secrt }}", "auth.key",
     'the credential "key_file" has no key "secrt"'),
    ("practice", ["settings", 0, "from_file"], ["key_file", "hots"], "settings.0.from_file",
     'no credential "key_file" with the key "hots"'),
    ("practice", ["settings", 0, "pattern"], "^[a-z$", "settings.0.pattern", "is not a pattern"),
    ("practice", ["settings", 0, "pattern"], "^(a+)+$", "settings.0.pattern", "can't be repeated"),
    ("practice", ["streams", "mapped", "request", "headers"], {"AUTHORIZATION": "x"},
     "streams.mapped.request.headers", "are set by auth"),
    ("practice", ["settings", 0, "name"], "host\n", "settings.0.name", "a name has small letters"),
    ("practice", ["objects", "invoice", "stream"], "paged", "objects.invoice.create.then",
     'steps need "read" here'),
    ("practice", ["objects", "payment", "create", "request", "body", "meta"], {"id": "{{ key }}"},
     "objects.payment.create.request", 'not sent in the body, under "meta.request_id"'),
    ("stripe", ["objects", "customer", "create", "request", "headers"], {"X-Key": "{{ key }}"},
     "objects.customer.create.request", 'not sent in the header, under "Idempotency-Key"'),
    ("netsuite", ["objects", "vendor_bill", "create", "request", "path"], "record/v1/vendorBill",
     "objects.vendor_bill.create.request", '"{{ external_id }}" is not in the address'),
    ("netsuite", ["auth", "assertion", "key"], "privat_key", "auth.assertion.key",
     'no credential "privat_key"'),
    ("netsuite", ["discovery", 0, "for", 1], "bills", "discovery.0.for.1",
     'no stream or object "bills"'),
    ("tryton", ["urls", "main"], "https://{{ settings.database }}.example.com/", "urls.main",
     "is not in hosts"),
    ("tryton", ["hosts"], ["erp.example.com"], "settings.0.type", 'must be used in "hosts"'),
    ("shopify", ["webhooks", "secret", "credential"], "client_sekret", "webhooks.secret.credential",
     'no credential "client_sekret"'),
    ("stripe", ["webhooks", "thin"], False, "webhooks.thin", 'need "record"'),
    ("business_central", ["settings", 1], {"name": "environment", "label": "E", "type": "text"},
     "urls.main", 'the setting "environment" goes into a URL: give it a pattern'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "path", "value", "where", "says"), CASES, ids=lambda one: str(one)[:60]
)
def test_parts_that_do_not_agree_are_refused(
    base: str, path: list[str | int], value: object, where: str, says: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load(changed(base, path, value))
    found = [one.text for one in caught.value.problems if one.path == where]
    assert any(says in text for text in found), str(caught.value)


def test_a_signature_scheme_must_exist() -> None:
    found = list(crosscheck.problems(document("bill"), schemes=["stripe", "hmac_body"]))
    assert found == [
        (
            ("webhooks", "scheme"),
            'no signature scheme "bill"; schemes: hmac_body, path_secret, stripe',
        )
    ]
    assert list(crosscheck.problems(document("bill"), schemes=["bill"])) == []


def test_an_unsigned_address_needs_no_scheme() -> None:
    assert list(crosscheck.problems(document("business_central"), schemes=[])) == []
