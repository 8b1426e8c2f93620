"""Deliveries: the list, one in five steps, its payload, deciding about it."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from connector.audit import log
from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.console import pages
from connector.console.access import WHO, actor_of, allowed, role_of
from connector.console.sealed import as_text, key_of, opened, opened_text
from connector.flows import decisions, payloads
from connector.flows.errors import FlowsError
from connector.flows.models import Delivery, Flow, Payload

PROBLEMS = {
    "refused": "The destination said no.",
    "warning": "The destination took it with a warning that needs a person.",
    "duplicate": "It is there already, but can’t be told which one it is.",
    "stale": "It was changed there in the meantime.",
    "gone": "What should be changed is not there any more.",
    "no_answer": "There was no answer. The worker is looking it up.",
    "not_proven": "The look-up found nothing, which proves nothing.",
    "ambiguous": "The look-up found several that could be it.",
    "no_way": "It got no answer and can’t be looked up there.",
    "steps": "It is there, but a step after its creation is missing.",
    "again": "It is sent again by the next run.",
    "send": "It is sent by the next run.",
}


class Decision(forms.Form):
    """Which record at the destination this delivery is."""

    remote_id = forms.CharField(
        label="Its number there", max_length=90, help_text="As the destination shows it."
    )


@require_GET
@allowed("deliveries.see")
def listed(request: HttpRequest) -> HttpResponse:
    """The newest deliveries first, of one flow or in one state if asked."""
    query = Delivery.objects.select_related("flow", "route__destination").defer(
        "request_sealed", "problem_sealed", "remote_sealed"
    )
    flow, state = request.GET.get("flow", ""), request.GET.get("state", "")
    if flow:
        query = query.filter(flow=Flow.objects.filter(slug=flow).values("pk")[:1])
    if state in Delivery.State.values:
        query = query.filter(state=state)
    if request.GET.get("problem") in PROBLEMS:
        query = query.filter(problem=request.GET["problem"])
    page = pages.page(query, request.GET, order=["-id"])
    shown = role_of(request) in WHO["payloads.see"]
    return render(
        request,
        "console/deliveries/list.html",
        {
            "page": page,
            "named": [(row, key_of(row, shown=shown)) for row in page.rows],
            "flows": Flow.objects.only("slug", "title"),
            "states": Delivery.State.choices,
            "flow": flow,
            "state": state,
            "can_retry": state == Delivery.State.REJECTED and bool(page.rows),
            "problem": PROBLEMS.get(request.GET.get("problem", ""), ""),
        },
    )


@require_GET
@allowed("deliveries.see")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One delivery: what is certain. Its payload needs one more click, which is audited."""
    return _page(request, _delivery(pk), payload=None)


@require_POST
@allowed("payloads.see")
def payload(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page with what was read and sent. Whoever looks stands in the audit log."""
    row = _delivery(pk)
    kept = payloads.opened(row)
    if kept is None:
        messages.error(request, "It is not kept any more; the hashes and ids stay.")
        return redirect("delivery", pk=pk)
    with transaction.atomic():
        log.record(
            Action.PAYLOAD_VIEWED,
            actor=actor_of(request),
            subject=f"delivery:{row.pk}",
            flow=row.flow.slug,
        )
    return _page(
        request,
        row,
        payload={
            "record": as_text(kept["record"]),
            "request": as_text(kept["request"]),
            "kept_until": Payload.objects.get(pk=row.pk).kept_until,
        },
    )


@require_POST
@allowed("inbox.answer")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """It is this one, or there is none: send it."""
    row = _delivery(pk)
    form = Decision(request.POST)
    there = request.POST.get("decision") == "there"
    if there and not form.is_valid():
        messages.error(request, "Type the number that it has there. Nothing was decided.")
        return redirect("delivery", pk=pk)
    try:
        decisions.ask(
            row,
            decisions.THERE if there else decisions.SEND,
            actor=actor_of(request),
            remote_id=form.cleaned_data["remote_id"] if there else "",
        )
    except FlowsError as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, "Decided. The worker is on it.")
    return redirect("delivery", pk=pk)


@require_POST
@allowed("inbox.answer")
def retry_shown(request: HttpRequest) -> HttpResponse:
    """Send the chosen rejected deliveries again; those that moved on meanwhile are left alone."""
    ids = [int(one) for one in request.POST.getlist("id")[: pages.SIZE] if one.isdigit()]
    asked = 0
    for row in Delivery.objects.filter(pk__in=ids, state=Delivery.State.REJECTED):
        try:
            decisions.ask(row, decisions.RETRY, actor=actor_of(request))
        except FlowsError:
            continue
        asked += 1
    if asked:
        messages.success(request, f"{asked} are sent again. The worker is on it.")
    else:
        messages.error(request, "None of these can be sent again. Nothing was changed.")
    return redirect("inbox")


@require_POST
@allowed("inbox.answer")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a rejected delivery again."""
    try:
        decisions.ask(_delivery(pk), decisions.RETRY, actor=actor_of(request))
    except FlowsError as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, "It is sent again. The worker is on it.")
    return redirect("delivery", pk=pk)


def _page(
    request: HttpRequest, row: Delivery, *, payload: dict[str, object] | None
) -> HttpResponse:
    sees_data = role_of(request) in WHO["payloads.see"]
    remote = opened(row.remote_sealed, row.place("remote")) if sees_data else None
    problem = opened(row.problem_sealed, row.place("problem")) if sees_data else None
    return render(
        request,
        "console/deliveries/detail.html",
        {
            "delivery": row,
            "source_key": opened_text(row.source_key_sealed, row.place("source_key"))
            if sees_data
            else "",
            "remote_id": remote.get("id") if isinstance(remote, dict) else None,
            "problem": PROBLEMS.get(row.problem, row.problem),
            "words": problem.get("text") if isinstance(problem, dict) else None,
            "payload": payload,
            "is_kept": Payload.objects.filter(pk=row.pk, kept_until__gt=timezone.now()).exists(),
            "entries": Entry.objects.filter(subject=f"delivery:{row.pk}").order_by("-number")[:10],
            "form": Decision(),
        },
    )


def _delivery(pk: int) -> Delivery:
    rows = Delivery.objects.select_related(
        "flow", "version", "run", "route__source", "route__destination"
    )
    return get_object_or_404(rows, pk=pk)
