"""Connections: the list, one with its health and its credential, testing, changing."""

from collections import Counter
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connector.console.access import actor_of, allowed
from connector.console.system_form import SystemForm
from connector.flows import connections
from connector.flows.errors import BadDefinition
from connector.flows.models import Connection, Flow
from connector.systems import registry
from connector.systems.errors import SpecError, UnknownSystem
from connector.systems.spec import System
from connector.vault.errors import VaultError

STOP_POLLING = 286
TEST_PATIENCE = timedelta(minutes=2)


class Named(forms.Form):
    """The name of a connection, and its short name in addresses and files."""

    title = forms.CharField(
        label="Name of this connection", max_length=100, help_text="How you will find it in lists."
    )
    slug = forms.SlugField(
        label="Short name",
        max_length=40,
        help_text="Small letters, digits and dashes. It stands in addresses and files and stays.",
    )

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).lower()
        if Connection.objects.filter(slug=slug).exists():
            raise forms.ValidationError(f"There is a connection {slug} already.")
        return slug


@require_GET
@allowed("connections.see")
def listed(request: HttpRequest) -> HttpResponse:
    """All connections by name, with health and the number of flows that use each."""
    rows = list(Connection.objects.filter(archived_at=None).select_related("credential"))
    used: Counter[object] = Counter()
    pairs = Flow.objects.filter(archived_at=None).exclude(current=None)
    for source, destination in pairs.values_list("current__source", "current__destination"):
        used.update({source, destination})
    titles = {spec.name: spec.title for spec in _systems()}
    lines = [(row, titles.get(row.system, row.system), used[row.pk]) for row in rows]
    return render(request, "console/connections/list.html", {"lines": lines})


@require_GET
@allowed("connections.see")
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One connection: health first, then credential, settings and the flows on it."""
    row = _connection(slug)
    spec = _spec(row.system)
    versions = row.credential.versions.order_by("-number")[:10] if row.credential else []
    flows = Flow.objects.filter(archived_at=None).select_related(
        "current__source", "current__destination"
    )
    return render(
        request,
        "console/connections/detail.html",
        {
            **_health(row),
            "spec": spec,
            "settings": _settings(row, spec),
            "versions": versions,
            "reads": [f for f in flows if f.current and f.current.source_id == row.pk],
            "writes": [f for f in flows if f.current and f.current.destination_id == row.pk],
        },
    )


@require_GET
@allowed("connections.see")
def health(request: HttpRequest, slug: str) -> HttpResponse:
    """The fragment that is polled while a test is under way."""
    context = _health(_connection(slug))
    status = 200 if context["testing"] else STOP_POLLING
    return render(request, "console/connections/_health.html", context, status=status)


@require_POST
@allowed("connections.test")
def test(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the worker for a test."""
    connections.ask_test(_connection(slug), actor=actor_of(request))
    return redirect("connection", slug=slug)


@require_GET
@allowed("connections.change")
def systems(request: HttpRequest) -> HttpResponse:
    """Step 1 of adding a connection: choose the system."""
    return render(request, "console/connections/systems.html", {"systems": _systems()})


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@allowed("connections.change")
def add(request: HttpRequest, system: str) -> HttpResponse:
    """Step 2: settings and secrets. Saving them seals the secrets and asks for a test (step 3)."""
    spec = _spec(system)
    data = request.POST if request.method == "POST" else None
    named = Named(data, initial={"title": spec.title, "slug": spec.name.replace("_", "-")})
    form = SystemForm(spec, data)
    if data is not None and named.is_valid() and form.is_valid():
        try:
            row = connections.create(
                slug=named.cleaned_data["slug"],
                title=named.cleaned_data["title"],
                system=spec.name,
                settings=form.settings(),
                secrets=form.secrets(),
                actor=actor_of(request),
            )
        except (BadDefinition, VaultError) as exc:
            _explain(form, exc)
        else:
            connections.ask_test(row, actor=actor_of(request))
            messages.success(request, f"{row.title} is saved. The worker is testing it.")
            return redirect("connection", slug=row.slug)
    return render(
        request, "console/connections/add.html", {"spec": spec, "named": named, "form": form}
    )


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@allowed("connections.change")
def rotate(request: HttpRequest, slug: str) -> HttpResponse:
    """A new secret in place of the old one; flows never stop. All of its fields are typed anew."""
    row = _connection(slug)
    spec = _spec(row.system)
    form = SystemForm(spec, request.POST or None, with_settings=False)
    if request.method == "POST" and form.is_valid():
        try:
            connections.change(row, secrets=form.secrets(), actor=actor_of(request))
        except (BadDefinition, VaultError) as exc:
            _explain(form, exc)
        else:
            messages.success(request, "The new credential is saved. The worker is testing it.")
            return redirect("connection", slug=slug)
    return render(
        request, "console/connections/rotate.html", {"row": row, "spec": spec, "form": form}
    )


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@allowed("connections.change")
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Other settings. Another host asks for the credential again: it is bound to the old one."""
    row = _connection(slug)
    spec = _spec(row.system)
    form = SystemForm(
        spec,
        request.POST or None,
        settings=connections.settings_of(row),
        secrets="may stay empty",
    )
    if request.method == "POST" and form.is_valid():
        try:
            connections.change(
                row,
                settings=form.settings(),
                secrets=form.secrets() or None,
                actor=actor_of(request),
            )
        except (BadDefinition, VaultError) as exc:
            _explain(form, exc)
        else:
            if not form.secrets():
                connections.ask_test(row, actor=actor_of(request))
            messages.success(request, "The settings are saved. The worker is testing them.")
            return redirect("connection", slug=slug)
    return render(
        request, "console/connections/change.html", {"row": row, "spec": spec, "form": form}
    )


def _connection(slug: str) -> Connection:
    rows = Connection.objects.filter(archived_at=None).select_related("credential")
    return get_object_or_404(rows, slug=slug)


def _systems() -> list[System]:
    """Every system whose description can be read, by title."""
    found = []
    for name in registry.names():
        try:
            found.append(registry.get(name))
        except SpecError:
            continue
    return sorted(found, key=lambda spec: spec.title)


def _spec(name: str) -> System:
    try:
        return registry.get(name)
    except (UnknownSystem, SpecError) as exc:
        raise Http404(str(exc)) from exc


def _health(row: Connection) -> dict[str, object]:
    asked = row.test_asked_at
    waits = asked is not None and (row.checked_at is None or row.checked_at < asked)
    late = waits and asked is not None and timezone.now() - asked > TEST_PATIENCE
    return {"row": row, "testing": waits and not late, "late": late, "live": waits and not late}


def _settings(row: Connection, spec: System) -> list[tuple[str, object]]:
    values = connections.settings_of(row)
    return [(one.label, values.get(one.name, "–")) for one in spec.settings]


def _explain(form: SystemForm, exc: BadDefinition | VaultError) -> None:
    texts = exc.findings if isinstance(exc, BadDefinition) and exc.findings else (str(exc),)
    for text in texts:
        form.add_error(None, text)
    form.add_error(None, "Nothing was saved. Secrets must be typed again.")
