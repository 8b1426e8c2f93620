"""What people do in the console: it happens, is recorded, and bad input changes nothing."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from connector.flows.compiled import entries_of
from connector.flows.models import (
    Delivery,
    Flow,
    HeldRecord,
    Payload,
    Preview,
    Run,
    ValueMap,
    Version,
)
from connector.jobs.models import Job
from tests.connector.console.box import actions, state
from tests.connector.console.conftest import SignIn

pytestmark = pytest.mark.django_db


# --- flows and runs -------------------------------------------------------------------------


def test_run_now_makes_a_run_and_a_job(owner: Client) -> None:
    answer = owner.post(reverse("flow-run", args=["bills"]))

    run = Run.objects.filter(state=Run.State.QUEUED).get()
    assert answer["Location"] == reverse("run", args=[run.pk])
    assert (run.actor, run.cause) == ("owner", "manual")
    assert Job.objects.filter(kind="flows.run").count() == 1


def test_run_now_twice_starts_one_run_and_says_so(owner: Client) -> None:
    owner.post(reverse("flow-run", args=["bills"]))

    answer = owner.post(reverse("flow-run", args=["bills"]), follow=True)

    assert "is going on already" in answer.content.decode()
    assert Run.objects.filter(state=Run.State.QUEUED).count() == 1


def test_a_run_that_goes_on_is_polled_and_one_that_is_over_stops_the_polling(
    owner: Client,
) -> None:
    owner.post(reverse("flow-run", args=["bills"]))
    run = Run.objects.filter(state=Run.State.QUEUED).get()
    address = reverse("run-progress", args=[run.pk])

    live = owner.get(address)
    owner.post(reverse("run-cancel", args=[run.pk]))
    over = owner.get(address)

    assert (live.status_code, over.status_code) == (200, 286)
    assert b"hx-get" in live.content and b"hx-get" not in over.content
    assert "run.cancelled" in actions()


def test_a_run_that_is_over_cannot_be_stopped(owner: Client) -> None:
    run = Run.objects.get()
    before = state()

    answer = owner.post(reverse("run-cancel", args=[run.pk]), follow=True)

    assert "is over already" in answer.content.decode()
    assert state() == before


def test_the_double_rule_stands_under_a_sum_that_adds_up_alone(owner: Client) -> None:
    text = owner.get(reverse("run", args=[Run.objects.get().pk])).content.decode()

    assert "It adds up." in text
    assert "12 = 3 + 4 + 1 + 2 + 1 + 1" in text
    assert "proved" in text


def test_a_flow_is_switched_off_with_a_reason_and_not_without(owner: Client) -> None:
    address = reverse("flow-switch", args=["bills"])

    owner.post(address, {"to": "off", "reason": "  "})
    assert Flow.objects.get(slug="bills").enabled

    owner.post(address, {"to": "off", "reason": "stocktaking"})
    flow = Flow.objects.get(slug="bills")
    assert (flow.enabled, flow.off_reason) == (False, "stocktaking")
    assert "flow.disabled" in actions()
    assert b"Off: stocktaking" in owner.get(reverse("flow", args=["bills"])).content

    owner.post(address, {"to": "on"})
    assert Flow.objects.get(slug="bills").enabled


# --- mapping --------------------------------------------------------------------------------


def the_text(client: Client) -> str:
    return str(client.get(reverse("mapping", args=["bills"])).context["form"].initial["text"])


def test_a_saved_mapping_is_a_new_version_with_its_note(owner: Client) -> None:
    text = the_text(owner).replace("max_length: 21", "max_length: 20")

    owner.post(reverse("mapping", args=["bills"]), {"text": text, "note": "shorter numbers"})

    version = Flow.objects.get(slug="bills").current
    assert version is not None
    assert (version.number, version.note, version.created_by) == (2, "shorter numbers", "owner")


def test_the_same_mapping_saved_again_is_no_new_version(owner: Client) -> None:
    before = state()

    answer = owner.post(
        reverse("mapping", args=["bills"]),
        {"text": the_text(owner).replace("\n", "\r\n")},
        follow=True,
    )

    assert "Nothing differs" in answer.content.decode()
    assert state() == before


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("date: {from: date}", "date: {from: date", 0),
        ("date: {from: date}", "dat: {from: date}", 10),
        ("max_length: 21", "max_lenght: 21", 5),
        ("gl-accounts", "no-such-map", 7),
        ("mapping:", "flows:", 1),
        ("    vendor: {from: supplier}\n", "", 0),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line_and_what_was_typed_is_kept(
    old: str, new: str, line: int, owner: Client
) -> None:
    text = the_text(owner).replace(old, new)
    before = state()

    answer = owner.post(reverse("mapping", args=["bills"]), {"text": text, "note": ""})

    problems = answer.context["problems"]
    assert answer.status_code == 422
    assert problems
    if line:
        assert line in [problem.line for problem in problems], problems
    assert answer.context["form"]["text"].value() == text
    assert "Nothing was saved." in answer.content.decode()
    assert state() == before


def test_a_draft_is_tried_by_the_worker_and_nothing_is_saved(owner: Client) -> None:
    text = the_text(owner).replace("max_length: 21", "max_length: 9")

    answer = owner.post(
        reverse("mapping", args=["bills"]), {"text": text, "try": "yes"}, follow=True
    )

    preview = Preview.objects.get()
    page = answer.content.decode()
    assert "Asked, the worker is on it" in page
    assert "max_length: 9" in page
    assert Job.objects.filter(kind="flows.preview").count() == 1
    assert Version.objects.filter(flow__slug="bills").count() == 1
    assert owner.get(reverse("preview", args=["bills", preview.pk])).status_code == 200
    assert owner.get(reverse("preview", args=["bills", uuid4()])).status_code == 404


def test_a_viewer_reads_the_mapping_and_cannot_save_one(
    flow: Flow, signed_in: SignIn, web: None
) -> None:
    client = signed_in("viewer")
    address = reverse("mapping", args=["bills"])

    assert b"max_length: 21" in client.get(address).content
    assert client.post(address, {"text": "mapping: {map: {}}"}).status_code == 403
    assert Version.objects.count() == 1


# --- inbox ----------------------------------------------------------------------------------


def the_group(name: str) -> str:
    held = HeldRecord.objects.filter(state=HeldRecord.State.WAITING)[0]
    return reverse(name, args=["bills", held.cause])


def test_an_answer_is_saved_in_the_value_map_and_the_worker_is_told(owner: Client) -> None:
    owner.post(the_group("inbox-entry"), {"value": "acc-014"})

    row = ValueMap.objects.get()
    assert row.current is not None
    assert (("6405",), "acc-014") in entries_of(row.current)
    job = Job.objects.filter(kind="flows.held").order_by("-id")[0]
    assert job.args == {"version": str(row.current.pk)}
    assert "value_map.saved" in actions()


def test_an_empty_answer_changes_nothing(owner: Client) -> None:
    before = state()

    owner.post(the_group("inbox-entry"), {"value": "  "})

    assert state() == before
    assert HeldRecord.objects.filter(state=HeldRecord.State.WAITING).count() == 2


def test_all_records_of_a_group_are_tried_again(owner: Client) -> None:
    owner.post(the_group("inbox-retry"), {"all": "yes"})

    assert HeldRecord.objects.filter(state=HeldRecord.State.RELEASED).count() == 2
    assert "held.retried" in actions()


def test_only_chosen_records_are_left_out_and_only_with_a_reason(owner: Client) -> None:
    chosen = HeldRecord.objects.order_by("id")[0]
    address = the_group("inbox-dismiss")

    for wrong in ({"reason": "paid by hand"}, {"id": chosen.pk}, {"id": "x", "reason": "y"}):
        owner.post(address, wrong)
    assert HeldRecord.objects.filter(state=HeldRecord.State.WAITING).count() == 2

    owner.post(address, {"id": chosen.pk, "reason": "paid by hand"})
    chosen.refresh_from_db()
    assert chosen.state == HeldRecord.State.DISMISSED
    assert HeldRecord.objects.filter(state=HeldRecord.State.WAITING).count() == 1
    assert "held.dismissed" in actions()


def test_records_of_another_group_cannot_be_chosen(owner: Client) -> None:
    held = HeldRecord.objects.order_by("id")[0]

    owner.post(
        reverse("inbox-dismiss", args=["bills", "0" * 32]), {"id": held.pk, "reason": "wrong group"}
    )

    held.refresh_from_db()
    assert held.state == HeldRecord.State.WAITING


# --- deliveries -----------------------------------------------------------------------------


def test_looking_at_a_payload_is_recorded_and_not_for_auditors(
    flow: Flow, signed_in: SignIn, web: None
) -> None:
    row = Payload.objects.get().delivery
    plain = signed_in("viewer").get(reverse("delivery", args=[row.pk])).content.decode()
    assert "Kessler Stahl" not in plain

    seen = signed_in("viewer").post(reverse("delivery-payload", args=[row.pk])).content.decode()
    refused = signed_in("auditor").post(reverse("delivery-payload", args=[row.pk]))

    assert "Kessler Stahl" in seen and "1880.20" in seen
    assert refused.status_code == 403
    assert actions().count("payload.viewed") == 1


def test_an_auditor_sees_no_key_and_no_words_of_a_record(
    flow: Flow, signed_in: SignIn, web: None
) -> None:
    client = signed_in("auditor")

    for row in Delivery.objects.all():
        text = client.get(reverse("delivery", args=[row.pk])).content.decode()
        for word in ("bill-INV-1", "Number already used"):
            assert word not in text
        assert ">INV-" not in text
    assert "INV-" not in client.get(reverse("deliveries")).content.decode()


def test_a_decision_about_an_uncertain_delivery_is_asked_of_the_worker(owner: Client) -> None:
    row = Delivery.objects.get(state=Delivery.State.UNCERTAIN)
    address = reverse("delivery-decide", args=[row.pk])

    owner.post(address, {"decision": "there", "remote_id": ""})
    assert not Job.objects.filter(kind="flows.decide").exists()

    owner.post(address, {"decision": "there", "remote_id": "bill-77"})
    assert Job.objects.get(kind="flows.decide").args["decision"] == "there:bill-77"
    assert "delivery.decided" in actions()


def test_a_delivered_record_can_be_neither_decided_nor_sent_again(owner: Client) -> None:
    row = Delivery.objects.get(state=Delivery.State.DELIVERED)
    before = state()

    owner.post(reverse("delivery-decide", args=[row.pk]), {"decision": "send"})
    owner.post(reverse("delivery-retry", args=[row.pk]))

    assert state() == before


def test_the_rejected_records_of_a_page_are_sent_again_and_no_others(owner: Client) -> None:
    listed = reverse("deliveries")
    assert b"again</button>" not in owner.get(listed).content
    assert b"Send these 1 again" in owner.get(listed, {"state": "rejected"}).content

    owner.post(reverse("deliveries-retry"), {"id": Delivery.objects.values_list("pk", flat=True)})

    job = Job.objects.get(kind="flows.decide")
    assert job.args["delivery"] == Delivery.objects.get(state=Delivery.State.REJECTED).pk
    assert actions().count("delivery.retried") == 1
