"""The inbox: what waits for a person, grouped by cause, so that one answer helps many."""

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from connector.console import pages
from connector.console.access import actor_of, allowed
from connector.console.deliveries import PROBLEMS
from connector.console.maps import typed_value
from connector.console.sealed import opened
from connector.flows import held, inbox, maps
from connector.flows.errors import FlowsError
from connector.flows.models import Flow, HeldRecord, ValueMap

SHOWN_AT_ONCE = 25


class Dismissal(forms.Form):
    """Why records are left out for good."""

    reason = forms.CharField(label="Why?", max_length=200)


@dataclass(frozen=True, slots=True)
class Line:
    """A group as a page shows it."""

    group: inbox.Group
    title: str
    words: str
    url: str
    act: str
    look: str
    icon: str


@dataclass(frozen=True, slots=True)
class Missing:
    """An entry that a value map lacks."""

    map: ValueMap
    key: tuple[str, ...]

    @property
    def shown(self) -> str:
        return ", ".join(self.key)


@require_GET
@allowed("inbox.see")
def groups(request: HttpRequest) -> HttpResponse:
    """All groups, the largest first, of one flow if asked."""
    flow = request.GET.get("flow", "")
    found = lines(flow=flow)
    return render(
        request,
        "console/inbox/list.html",
        {
            "lines": found,
            "records": sum(line.group.records for line in found),
            "flows": Flow.objects.filter(archived_at=None).only("slug", "title"),
            "flow": flow,
        },
    )


@require_GET
@allowed("inbox.see")
def group(request: HttpRequest, flow: str, cause: str) -> HttpResponse:
    """The held records of one group with everything that is wrong with each."""
    row = get_object_or_404(Flow, slug=flow)
    query = inbox.held_records(row, cause)
    page = pages.page(query, request.GET, order=["id"], size=SHOWN_AT_ONCE)
    if not page.rows:
        messages.info(request, "Nothing of this group waits any more.")
        return redirect("inbox")
    records = [(record, summary(record), problems(record)) for record in page.rows]
    first = records[0][2]
    return render(
        request,
        "console/inbox/group.html",
        {
            "flow": row,
            "cause": cause,
            "title": title_of(first, page.rows[0]),
            "count": query.count(),
            "records": records,
            "page": page,
            "missing": missing_entry(first),
            "form": Dismissal(),
        },
    )


@require_POST
@allowed("inbox.answer")
def retry(request: HttpRequest, flow: str, cause: str) -> HttpResponse:
    """Try the chosen records of a group again, or all of them."""
    row = get_object_or_404(Flow.objects.select_related("current"), slug=flow)
    try:
        count = held.retry(row, _chosen(request, row, cause), actor=actor_of(request))
    except FlowsError as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, f"{count} are tried again. The worker is on it.")
    return redirect("inbox")


@require_POST
@allowed("inbox.answer")
def dismiss(request: HttpRequest, flow: str, cause: str) -> HttpResponse:
    """Leave the chosen records out for good, with a reason."""
    row = get_object_or_404(Flow, slug=flow)
    form = Dismissal(request.POST)
    chosen = _chosen(request, row, cause)
    if not form.is_valid() or not chosen or "all" in request.POST:
        messages.error(request, "Choose records and say why. Nothing was left out.")
        return redirect("inbox-group", flow=flow, cause=cause)
    gone = 0
    for record in HeldRecord.objects.filter(pk__in=chosen).select_related("flow"):
        gone += held.dismiss(record, reason=form.cleaned_data["reason"], actor=actor_of(request))
    messages.success(request, f"{gone} are left out for good.")
    return redirect("inbox-group", flow=flow, cause=cause)


@require_POST
@allowed("maps.change")
def add_entry(request: HttpRequest, flow: str, cause: str) -> HttpResponse:
    """Put the missing entry into its value map; the worker releases all that wait for it."""
    row = get_object_or_404(Flow, slug=flow)
    first = inbox.held_records(row, cause).first()
    missing = missing_entry(problems(first)) if first else None
    value = request.POST.get("value", "").strip()
    if missing is None:
        messages.error(request, "This group does not wait for an entry any more.")
        return redirect("inbox")
    if not value:
        messages.error(request, f"Say what {missing.shown} is. Nothing was saved.")
        return redirect("inbox-group", flow=flow, cause=cause)
    try:
        maps.add_entry(
            missing.map, missing.key, typed_value(missing.map, value), actor=actor_of(request)
        )
    except FlowsError as exc:
        messages.error(request, exc.message)
        return redirect("inbox-group", flow=flow, cause=cause)
    messages.success(
        request, f"{missing.shown} is {value} from now on. All that waits for it is released."
    )
    return redirect("inbox")


def lines(*, flow: str = "") -> list[Line]:
    """What waits, the largest groups first, of one flow if asked."""
    return [line_of(one) for one in inbox.groups() if flow in ("", one.flow.slug)]


def line_of(group: inbox.Group) -> Line:
    """A group with its words, its page and what can be done there."""
    if group.kind == "held":
        reason = group.reason.replace("_", " ")
        title = f"{group.field}: {group.text or reason}".removesuffix(".")
        url = reverse("inbox-group", args=[group.flow.slug, group.cause])
        return Line(group, title, "", url, "Answer", "t-wait", "hand")
    title = PROBLEMS.get(group.cause, group.cause).removesuffix(".")
    query = urlencode({"flow": group.flow.slug, "state": group.kind, "problem": group.cause})
    url = f"{reverse('deliveries')}?{query}"
    if group.kind == "rejected":
        return Line(group, title, group.text, url, "See them", "t-bad", "circle-x")
    return Line(
        group, title, group.text, url, "Compare and decide", "t-doubt", "circle-question-mark"
    )


def problems(record: HeldRecord) -> list[dict[str, object]]:
    """What is wrong with a held record; empty if this box's keys don't open it."""
    found = opened(record.problems_sealed, record.problems_place)
    return found if isinstance(found, list) else []


def summary(record: HeldRecord) -> str:
    """The first few plain values of a held record, so that a person recognises it."""
    raw = opened(record.record_sealed, record.record_place)
    if not isinstance(raw, dict):
        return "the record can’t be opened here"
    plain = [str(v) for v in raw.values() if isinstance(v, str | int | Decimal) and str(v).strip()]
    return " · ".join(text[:30] for text in plain[:3])


def title_of(found: list[dict[str, object]], record: HeldRecord) -> str:
    """The words for a group: its first problem."""
    if not found:
        return f"{', '.join(record.fields)}: {', '.join(record.reasons).replace('_', ' ')}"
    return f"{found[0]['field']}: {found[0]['text']}".removesuffix(".")


def missing_entry(found: list[dict[str, object]]) -> Missing | None:
    """The value map and key that a group waits for, if it waits for one."""
    for problem in found:
        kind, _, rest = str(problem.get("wait_key", "")).partition(":")
        slug, _, key = rest.partition(":")
        if kind != "map":
            continue
        row = ValueMap.objects.filter(slug=slug, archived_at=None).select_related("current").first()
        parts = tuple(key.split(":")) if row and len(row.keys) > 1 else (key,)
        if row and len(parts) == len(row.keys):
            return Missing(row, parts)
    return None


def _chosen(request: HttpRequest, flow: Flow, cause: str) -> list[int]:
    query = inbox.held_records(flow, cause)
    if "all" not in request.POST:
        ids = [int(one) for one in request.POST.getlist("id") if one.isdigit()]
        query = query.filter(pk__in=ids)
    return list(query.values_list("pk", flat=True))
