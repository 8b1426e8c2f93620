"""Every page, for each role that may see it: it is there, and it keeps the rules of all pages."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from connector.console.access import WHO
from connector.flows.models import Delivery, HeldRecord, Run
from tests.connector.console import box
from tests.connector.console.conftest import SignIn

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.I)
LOADED = re.compile(r"<(?:script|link|img|use)[^>]*\s(?:src|href)=\"(?!/static/|#)[^\"]*\"", re.I)


def pages() -> dict[str, tuple[str, str]]:
    """Name of each page -> ability and address, in a busy box."""
    flow = box.a_busy_box()
    run = Run.objects.get(flow=flow)
    cause = HeldRecord.objects.filter(flow=flow).first().cause  # type: ignore[union-attr]
    found = {
        "overview": ("overview.see", reverse("overview")),
        "inbox": ("inbox.see", reverse("inbox")),
        "inbox group": ("inbox.see", reverse("inbox-group", args=[flow.slug, cause])),
        "flows": ("flows.see", reverse("flows")),
        "flow": ("flows.see", reverse("flow", args=[flow.slug])),
        "versions": ("flows.see", reverse("flow-versions", args=[flow.slug])),
        "mapping": ("mapping.see", reverse("mapping", args=[flow.slug])),
        "runs": ("runs.see", reverse("runs")),
        "run": ("runs.see", reverse("run", args=[run.pk])),
        "progress": ("runs.see", reverse("run-progress", args=[run.pk])),
        "deliveries": ("deliveries.see", reverse("deliveries")),
        "connections": ("connections.see", reverse("connections")),
        "connection": ("connections.see", reverse("connection", args=["books"])),
        "health": ("connections.see", reverse("connection-health", args=["books"])),
        "systems": ("connections.change", reverse("connection-systems")),
        "add": ("connections.change", reverse("connection-add", args=["ledger_books"])),
        "rotate": ("connections.change", reverse("connection-rotate", args=["books"])),
        "change": ("connections.change", reverse("connection-change", args=["books"])),
        "maps": ("maps.see", reverse("maps")),
        "map": ("maps.see", reverse("map", args=["gl-accounts"])),
        "webhooks": ("webhooks.see", reverse("webhooks")),
        "webhook": ("webhooks.see", reverse("webhook-page", args=["books-events"])),
        "audit": ("audit.see", reverse("audit")),
    }
    for delivery in Delivery.objects.all():
        found[f"delivery {delivery.state}"] = (
            "deliveries.see",
            reverse("delivery", args=[delivery.pk]),
        )
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("role", box.ROLES)
def test_each_page_renders_for_each_role_that_may_see_it(
    role: str, signed_in: SignIn, request: pytest.FixtureRequest
) -> None:
    every = pages()
    client = signed_in(role)
    request.getfixturevalue("web")

    for name, (ability, address) in every.items():
        answer = client.get(address)

        if role not in WHO[ability]:
            assert answer.status_code == 403, name
            continue
        assert answer.status_code in (200, 286), (name, answer.status_code)
        text = answer.content.decode()
        assert not INLINE.search(text), (name, INLINE.search(text))
        assert not LOADED.search(text), (name, LOADED.search(text))
        assert box.SECRET not in text and box.WEBHOOK_SECRET not in text, name
        if answer.status_code == 200 and name not in ("progress", "health"):
            assert text.count("<h1>") == 1, name


@pytest.mark.django_db
def test_all_pages_of_an_empty_box_render(signed_in: SignIn, web: None) -> None:
    client = signed_in("owner")

    for name in (
        "overview",
        "inbox",
        "flows",
        "runs",
        "deliveries",
        "connections",
        "maps",
        "webhooks",
        "audit",
        "connection-systems",
    ):
        answer = client.get(reverse(name))

        assert answer.status_code == 200, name
        assert not INLINE.search(answer.content.decode()), name


def test_records_that_no_key_opens_break_no_page(
    signed_in: SignIn, request: pytest.FixtureRequest
) -> None:
    every = pages()
    for model, fields in (
        (HeldRecord, ("record_sealed", "problems_sealed")),
        (Delivery, ("source_key_sealed", "remote_sealed", "problem_sealed")),
    ):
        model.objects.update(**dict.fromkeys(fields, b"torn"))
    client = signed_in("owner")
    request.getfixturevalue("web")

    for name, (_, address) in every.items():
        assert client.get(address).status_code in (200, 286), name


def test_pages_for_errors_keep_the_rules_too(signed_in: SignIn, web: None) -> None:
    signed = signed_in("viewer")
    strict = Client(enforce_csrf_checks=True)

    answers = {
        403: signed.get(reverse("audit")),
        404: signed.get("/nowhere/"),
        419: strict.post("/sign-in/", {"name": "x", "password": "y"}),
    }

    for name, answer in answers.items():
        text = answer.content.decode()
        assert answer.status_code == (403 if name == 419 else name)
        assert not INLINE.search(text) and not LOADED.search(text), name
        assert "Nothing was changed" in text or name == 404
    for page in ("400.html", "500.html"):
        text = render_to_string(page)
        assert not INLINE.search(text) and not LOADED.search(text), page


def test_no_page_of_somebody_signed_in_is_kept_by_the_browser(signed_in: SignIn, web: None) -> None:
    client = signed_in("owner")

    assert client.get("/")["Cache-Control"] == "no-store"
    assert "no-store" in client.get("/sign-in/", follow=True)["Cache-Control"]


def test_the_doors_render_without_a_session(db: None) -> None:
    for address in ("/sign-in/", "/set-up/none/", "/nowhere/"):
        text = Client().get(address).content.decode()

        assert not INLINE.search(text), address
        assert not LOADED.search(text), address


@pytest.mark.django_db
def test_a_viewer_sees_no_button_that_acts(
    signed_in: SignIn, request: pytest.FixtureRequest
) -> None:
    every = pages()
    client = signed_in("viewer")
    request.getfixturevalue("web")
    always = {"/theme/", "/sign-out/"}

    for name, (ability, address) in every.items():
        if "viewer" not in WHO[ability]:
            continue
        text = client.get(address).content.decode()
        acts = set(re.findall(r'<form method="post" action="([^"]*)"', text)) - always
        assert all(act.endswith("/payload/") for act in acts), (name, acts)
