"""Value maps: the list, one with its entries, changing an entry, a whole table as CSV."""

import csv
import io
from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connector.console.access import actor_of, allowed
from connector.console.bodies import takes
from connector.flows import maps
from connector.flows.compiled import entries_of, shape_of
from connector.flows.errors import BadDefinition, FlowsError
from connector.flows.mapping.value_maps import MAX_BYTES, Entry, ValueMapError, read_csv
from connector.flows.models import ValueMap

SHOWN = 200
DIFFERENCES_SHOWN = 50
Rows = list[tuple[tuple[str, ...], Entry]]


class Upload(forms.Form):
    """A whole table, as a file or as text."""

    file = forms.FileField(required=False)
    text = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "code", "spellcheck": "false"}),
    )

    def table(self) -> str:
        """The text of the file, or what was typed.

        Raises:
            ValueMapError: too large, or not UTF-8.
        """
        given = self.cleaned_data["file"]
        if given is None:
            return str(self.cleaned_data["text"])
        if given.size > MAX_BYTES:
            raise ValueMapError(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
        try:
            return str(given.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise ValueMapError("the file is not UTF-8; save it as CSV UTF-8") from None


@require_GET
@allowed("maps.see")
def listed(request: HttpRequest) -> HttpResponse:
    """All value maps by name."""
    rows = ValueMap.objects.filter(archived_at=None).select_related("current")
    return render(request, "console/maps/list.html", {"rows": rows.defer("current__sealed")})


@require_GET
@allowed("maps.see")
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One map with its entries, those that hold a text if asked."""
    return _page(request, _map(slug))


@require_POST
@allowed("maps.change")
def save_entry(request: HttpRequest, slug: str) -> HttpResponse:
    """Add or replace one entry, or remove it. Records that wait for it are released."""
    row = _map(slug)
    key = tuple(request.POST.getlist("key"))
    value = request.POST.get("value", "").strip()
    removes = "remove" in request.POST
    if len(key) != len(row.keys) or not all(key) or not (value or removes):
        messages.error(request, "Fill in all fields. Nothing was saved.")
        return redirect("map", slug=slug)
    try:
        if removes:
            kept = [one for one in rows_of(row) if one[0] != key]
            maps.save_entries(row, kept, actor=actor_of(request))
        else:
            maps.add_entry(row, key, typed_value(row, value), actor=actor_of(request))
    except FlowsError as exc:
        messages.error(request, exc.message)
    else:
        words = "is gone" if removes else f"is {value} from now on"
        messages.success(request, f"{', '.join(key)} {words}.")
    return redirect("map", slug=slug)


@require_POST
@allowed("maps.change")
@takes(10_500_000)
def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a table would change; save it whole when that is confirmed."""
    row = _map(slug)
    form = Upload(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, row, form=form)
    try:
        text = form.table()
        new = read_csv(text, shape_of(row))
        added, changed, removed = maps.differences(dict(rows_of(row)), dict(new))
        if "confirmed" in request.POST:
            maps.save_entries(row, new, actor=actor_of(request))
    except (ValueMapError, BadDefinition) as exc:
        form.add_error(None, f"{exc}. Nothing was saved.")
        return _page(request, row, form=form)
    if "confirmed" in request.POST:
        messages.success(request, f"{row.title} has {len(new):,} entries now.")
        return redirect("map", slug=slug)
    return render(
        request,
        "console/maps/confirm.html",
        {
            "row": row,
            "text": text,
            "lost_zeros": _lost_zeros(rows_of(row), new),
            "parts": [
                (title, len(keys), [", ".join(key) for key in keys[:DIFFERENCES_SHOWN]])
                for title, keys in (("Added", added), ("Changed", changed), ("Removed", removed))
            ],
            "same": not (added or changed or removed),
        },
    )


@require_GET
@allowed("maps.see")
def download(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole table as CSV."""
    row = _map(slug)
    answer = HttpResponse(as_csv(row), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.slug}.csv"'
    return answer


def typed_value(row: ValueMap, value: str) -> Entry:
    """What a person typed, as the map's type; what is no number stays text and is refused later."""
    if row.value_type == "integer" and value.removeprefix("-").isdecimal():
        return int(value)
    return value


def rows_of(row: ValueMap) -> Rows:
    """The entries of the current version, in clear."""
    return entries_of(row.current) if row.current else []


def as_csv(row: ValueMap) -> str:
    """The entries as read_csv takes them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*row.keys, "value"])
    writer.writerows([*key, value] for key, value in rows_of(row))
    return out.getvalue()


def _page(request: HttpRequest, row: ValueMap, *, form: Upload | None = None) -> HttpResponse:
    find = request.GET.get("q", "").strip().casefold()
    entries = [
        (key, value)
        for key, value in rows_of(row)
        if not find or any(find in part.casefold() for part in (*key, str(value)))
    ]
    return render(
        request,
        "console/maps/detail.html",
        {
            "row": row,
            "unknown": row.unknown.get("kind", "hold"),
            "default": row.unknown.get("default"),
            "entries": entries[:SHOWN],
            "hidden": max(0, len(entries) - SHOWN),
            "q": request.GET.get("q", ""),
            "form": form or Upload(),
            "versions": row.versions.defer("sealed")[:10],
        },
        status=422 if form is not None and form.errors else 200,
    )


def _lost_zeros(old: Rows, new: Rows) -> bool:
    """Whether a spreadsheet has eaten leading zeros: old codes had them, no new one has."""
    return _has_zeros(old) and not _has_zeros(new)


def _has_zeros(rows: Rows) -> bool:
    return any(_starts_with_zero(key) for key, _ in rows)


def _starts_with_zero(key: Sequence[str]) -> bool:
    return any(len(part) > 1 and part.startswith("0") and part.isdecimal() for part in key)


def _map(slug: str) -> ValueMap:
    return get_object_or_404(
        ValueMap.objects.filter(archived_at=None).select_related("current"), slug=slug
    )
