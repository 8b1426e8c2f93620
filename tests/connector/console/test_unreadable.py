"""Values that no key of this box opens: they break no page, and are not written over by a look"""

import pytest
from django.urls import reverse

from connector.flows.models import Connection, Delivery, Flow, HeldRecord, Run
from connector.rekey import columns
from connector.webhooks.models import Endpoint
from tests.connector.console.conftest import SignIn

pytestmark = pytest.mark.django_db
LISTS = ("overview", "connections", "flows", "maps", "runs", "deliveries", "inbox", "webhooks")


@pytest.fixture
def spoiled(flow: Flow) -> Flow:
    """One of everything, each sealed under a key that is in no keyring."""
    for column in columns.every():
        for row in column.model._default_manager.all():
            blob = bytes(getattr(row, column.field))
            if blob:
                spoiled_blob = blob[:2] + b"not here" + blob[10:]
                rows = column.model._default_manager.filter(pk=row.pk)
                rows.update(**{column.field: spoiled_blob})
    return flow


def test_no_list_breaks(spoiled: Flow, signed_in: SignIn) -> None:
    client = signed_in("owner")

    for name in LISTS:
        assert client.get(reverse(name)).status_code == 200, name


def test_a_page_about_one_of_them_says_so_and_what_to_do(spoiled: Flow, signed_in: SignIn) -> None:
    endpoint = Endpoint.objects.get()
    client = signed_in("owner")
    client.raise_request_exception = False
    for page in (
        reverse("flow", args=[spoiled.slug]),
        reverse("mapping", args=[spoiled.slug]),
        reverse("webhook-page", args=[endpoint.slug]),
        reverse("map", args=["gl-accounts"]),
        *(reverse("connection", args=[row.slug]) for row in Connection.objects.all()),
    ):
        answer = client.get(page)

        assert answer.status_code == 503
        assert "6e6f742068657265" in answer.text
        assert "put back the keyring that holds this key" in answer.text


def test_pages_about_things_around_them_show_what_can_be_shown(
    spoiled: Flow, signed_in: SignIn
) -> None:
    run, delivery = Run.objects.get(), Delivery.objects.order_by("pk").first()
    held = HeldRecord.objects.first()
    assert delivery
    assert held
    client = signed_in("owner")

    for page in (
        reverse("flow-versions", args=[spoiled.slug]),
        reverse("run", args=[run.pk]),
        reverse("delivery", args=[delivery.pk]),
        reverse("inbox-group", args=[spoiled.slug, held.cause]),
    ):
        assert client.get(page).status_code == 200
