"""The mapping of a flow as text: checked, tried on real records, saved as a new version."""

import re
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connector.console.access import actor_of, allowed
from connector.console.bodies import takes
from connector.console.flows import flow_of
from connector.console.runs import STOP_POLLING
from connector.console.sealed import as_text, opened
from connector.crypto.keyring import Domain
from connector.flows import definition, previews, store
from connector.flows.errors import BadDefinition
from connector.flows.models import Flow, Preview
from connector.flows.yaml_writer import dump
from connector.systems import registry
from connector.systems.yaml_reader import Lines, YamlError, read

NAME = "mapping"
_FINDING = re.compile(r"M[0-9]{2} ([^:]+): ")


class Draft(forms.Form):
    """The text of a mapping and what changed in it."""

    text = forms.CharField(
        label="Mapping",
        max_length=262_144,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 24, "class": "code", "spellcheck": "false", "autocapitalize": "none"}
        ),
    )
    note = forms.CharField(label="What changes", max_length=200, required=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a mapping from being saved, and the line that it is about (0: none)."""

    line: int
    text: str


@require_http_methods(["GET", "POST"])
@allowed("mapping.see", post="mapping.change")
@takes(4_000_000)
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The mapping. Save it, or try it on real records; what is wrong is shown with its line."""
    flow = flow_of(slug)
    if request.method == "POST":
        return _posted(request, flow)
    tried = _tried(flow, request.GET.get("draft", ""))
    text = mapping_text(_draft_of(tried) or _saved(flow))
    return _page(request, flow, Draft(initial={"text": text}), tried=tried)


@require_GET
@allowed("mapping.see")
def preview(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """The fragment with what the worker made of a draft; polled until it is there."""
    row = get_object_or_404(Preview, pk=pk, flow__slug=slug)
    status = 200 if row.state == Preview.State.ASKED else STOP_POLLING
    return render(request, "console/mapping/_preview.html", _shown(row), status=status)


def mapping_text(mapping: dict[str, Any]) -> str:
    """A mapping as the canonical text."""
    return dump({NAME: mapping})


def problems_of(exc: BadDefinition, lines: Lines) -> list[Problem]:
    """The findings of the static check with the lines that they are about."""
    return [Problem(_line(text, lines), text) for text in exc.findings or (exc.summary,)]


def _posted(request: HttpRequest, flow: Flow) -> HttpResponse:
    form = Draft(request.POST)
    if not form.is_valid():
        return _page(request, flow, form, problems=[Problem(0, "The mapping is empty.")])
    # A browser sends CR LF; the lines of the text are counted without.
    text = form.cleaned_data["text"].replace("\r\n", "\n")
    try:
        said, lines = read(text, NAME)
    except YamlError as exc:
        return _page(request, flow, form, problems=[Problem(exc.line, exc.text)])
    mapping = said.get(NAME) if isinstance(said, dict) and said.keys() == {NAME} else None
    if not isinstance(mapping, dict):
        return _page(request, flow, form, problems=[Problem(1, 'It starts with "mapping:".')])
    try:
        if "try" in request.POST:
            tried = previews.ask(flow, mapping, actor=actor_of(request))
            return redirect(f"{reverse('mapping', args=[flow.slug])}?draft={tried.pk}")
        assert flow.current is not None
        version = store.save_version(
            flow,
            replace(definition.of(flow.current), mapping=mapping),
            note=form.cleaned_data["note"],
            actor=actor_of(request),
        )
    except BadDefinition as exc:
        return _page(request, flow, form, problems=problems_of(exc, lines))
    if version is None:
        messages.info(request, "Nothing differs from the version in use. Nothing was saved.")
    else:
        messages.success(request, f"Saved as version {version.number}. The next run uses it.")
    return redirect("mapping", slug=flow.slug)


def _page(
    request: HttpRequest,
    flow: Flow,
    form: Draft,
    *,
    problems: list[Problem] | None = None,
    tried: Preview | None = None,
) -> HttpResponse:
    version = flow.current
    fields = []
    if version:
        spec = registry.get(version.destination.system)
        target = spec.objects.get(version.object)
        fields = list(target.fields.values()) if target else []
    return render(
        request,
        "console/mapping/edit.html",
        {
            "flow": flow,
            "version": version,
            "form": form,
            "problems": problems or [],
            "fields": fields,
            **(_shown(tried) if tried else {}),
            "live": tried is not None and tried.state == Preview.State.ASKED,
        },
        status=422 if problems else 200,
    )


def _saved(flow: Flow) -> dict[str, Any]:
    return dict(definition.of(flow.current).mapping) if flow.current else {}


def _tried(flow: Flow, pk: str) -> Preview | None:
    try:
        return Preview.objects.filter(pk=UUID(pk), flow=flow).first() if pk else None
    except ValueError:
        return None


def _draft_of(row: Preview | None) -> dict[str, Any] | None:
    if row is None:
        return None
    found: dict[str, Any] | None = opened(row.draft_sealed, row.draft_place, domain=Domain.CONFIG)
    return found


def _shown(row: Preview) -> dict[str, object]:
    found = previews.results(row) if row.state == Preview.State.READY else []
    return {
        "preview": row,
        "flow": row.flow,
        "records": [
            {
                **record,
                "fields": [_field(one) for one in record["fields"]],
                "body": as_text(record["values"]) if record["outcome"] == "mapped" else "",
            }
            for record in found
        ],
        "held": sum(record["outcome"] == "held" for record in found),
        "skipped": sum(record["outcome"] == "skipped" for record in found),
    }


def _field(trace: dict[str, Any]) -> dict[str, Any]:
    return {
        **trace,
        "read": _short(trace["read"]),
        "value": _short(trace["value"]),
        "steps": [(step["name"], _short(step["value"])) for step in trace["steps"]],
    }


def _short(value: Any) -> str:
    """A value on one line; dates without their mark."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("$date", "$datetime"):
        return str(next(iter(value.values())))
    if isinstance(value, list):
        return f"{len(value)} lines" if value and isinstance(value[0], dict) else str(value)[:80]
    return "–" if value is None else str(value)[:80]


def _line(text: str, lines: Lines) -> int:
    """The line of a finding's row: its path without "map" and numbers is the row's name."""
    found = _FINDING.match(text)
    if not found:
        return 0
    row = re.sub(r"\[[0-9]*\]", "", found[1])
    for path, line in lines.items():
        names = [part for part in path[1:] if isinstance(part, str)]
        if ".".join(names) == row or ".".join(name for name in names if name != "map") == row:
            return line
    return 0
