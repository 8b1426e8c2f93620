"""The audit log: filters, key-set pages, and whether each shown entry is as it was written."""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django import forms
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from connector.audit import log
from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.console import pages
from connector.console.access import allowed

LONGEST_FACT = 40


class Filters(forms.Form):
    """What to show. All fields may be empty."""

    actor = forms.CharField(
        label="Who",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Who", "size": 14}),
    )
    action = forms.ChoiceField(
        label="What",
        required=False,
        choices=[("", "Everything"), *((a.value, a.value.replace("_", " ")) for a in Action)],
    )
    subject = forms.CharField(
        label="Subject",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Subject, as in a link below", "size": 22}),
    )
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the page shows it."""

    entry: Entry
    facts: str
    genuine: bool


@require_GET
@allowed("audit.see")
def entries(request: HttpRequest) -> HttpResponse:
    """The newest entries first. A filter that can't be read shows nothing, and says why."""
    form = Filters(request.GET)
    query = _filtered(form) if form.is_valid() else Entry.objects.none()
    page = pages.page(query, request.GET, order=["-number"])
    lines = [Line(entry, facts_text(entry.facts), log.is_genuine(entry)) for entry in page.rows]
    return render(
        request,
        "console/audit/list.html",
        {
            "form": form,
            "page": page,
            "lines": lines,
            "false": [line.entry.number for line in lines if not line.genuine],
            "filtered": any(request.GET.get(name) for name in form.fields),
        },
    )


def facts_text(facts: str) -> str:
    """The facts of an entry as one line: "flow bills, read 12"."""
    pairs = json.loads(facts).items()
    return ", ".join(f"{name} {_short(value)}" for name, value in pairs if value not in ("", None))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_FACT else f"{text[:LONGEST_FACT]}…"


def _filtered(form: Filters) -> QuerySet[Entry]:
    query = Entry.objects.all()
    values = form.cleaned_data
    for name in ("actor", "action", "subject"):
        if values[name]:
            query = query.filter((name, values[name]))
    if values["since"]:
        query = query.filter(number__gte=first_number(_midnight(values["since"])))
    if values["until"]:
        end = _midnight(values["until"] + timedelta(days=1))
        query = query.filter(number__lt=first_number(end))
    return query


def first_number(moment: datetime) -> int:
    """The number of the first entry at or after a time, found by halving: times follow numbers.

    Entries that were written at the same moment by several processes may stand a few
    numbers out of order; a day's border is as exact as that.
    """
    ends = Entry.objects.aggregate(low=Min("number"), high=Max("number"))
    if ends["low"] is None:
        return 0
    low, high = ends["low"], ends["high"] + 1
    while low < high:
        middle = (low + high) // 2
        entry = Entry.objects.filter(number__gte=middle).order_by("number").only("at").first()
        if entry is None or entry.at >= moment:
            high = middle
        else:
            low = entry.number + 1
    return int(low)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
