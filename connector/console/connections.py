"""Connections: the list, one with its health and its credential, testing, changing."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connector.console.access import actor_of, allowed
from connector.console.oauth import access
from connector.console.system_form import SystemForm
from connector.flows import connections
from connector.flows.errors import BadDefinition
from connector.flows.models import Connection, Flow
from connector.systems import registry
from connector.systems.errors import SpecError, UnknownSystem
from connector.systems.spec import System
from connector.vault import reminders
from connector.vault.errors import VaultError
from connector.vault.models import CredentialVersion

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
    row = connection_of(slug)
    spec = spec_of(row.system)
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
            **_credential(row),
            "access": access(row, spec),
            "reads": [f for f in flows if f.current and f.current.source_id == row.pk],
            "writes": [f for f in flows if f.current and f.current.destination_id == row.pk],
        },
    )


@require_GET
@allowed("connections.see")
def health(request: HttpRequest, slug: str) -> HttpResponse:
    """The fragment that is polled while a test is under way."""
    context = _health(connection_of(slug))
    answer = render(request, "console/connections/_health.html", context)
    if not context["testing"]:
        answer.status_code = STOP_POLLING
        answer.headers["HX-Refresh"] = "true"  # the test may have put a new credential in use
    return answer


@require_POST
@allowed("connections.test")
def test(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the worker for a test."""
    connections.ask_test(connection_of(slug), actor=actor_of(request))
    return redirect("connection", slug=slug)


@require_GET
@allowed("connections.change")
def systems(request: HttpRequest) -> HttpResponse:
    """Step 1 of adding a connection: choose the system."""
    return render(request, "console/connections/systems.html", {"systems": _systems()})


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@allowed("connections.change", confirm=True)
def add(request: HttpRequest, system: str) -> HttpResponse:
    """Step 2: settings and secrets. Saving them seals the secrets and asks for a test (step 3)."""
    spec = spec_of(system)
    data = request.POST if request.method == "POST" else None
    named = Named(data, initial={"title": spec.title, "slug": spec.name.replace("_", "-")})
    form = SystemForm(spec, data)

    def save() -> Connection:
        return connections.create(
            slug=named.cleaned_data["slug"],
            title=named.cleaned_data["title"],
            system=spec.name,
            settings=form.settings(),
            secrets=form.secrets(),
            expires_on=form.expires_on(),
            actor=actor_of(request),
        )

    row = saved(form, save, beside=[named]) if request.method == "POST" else None
    if row:
        connections.ask_test(row, actor=actor_of(request))
        messages.success(request, f"{row.title} is saved. The worker is testing it.")
        return redirect("connection", slug=row.slug)
    return render(
        request, "console/connections/add.html", {"spec": spec, "named": named, "form": form}
    )


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@allowed("connections.change", confirm=True)
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Other settings. Another host asks for the credential again: it is bound to the old one."""
    row = connection_of(slug)
    spec = spec_of(row.system)
    form = SystemForm(
        spec,
        request.POST or None,
        settings=connections.settings_of(row),
        secrets="may stay empty",
    )

    def save() -> Connection:
        return connections.change(
            row,
            settings=form.settings(),
            secrets=form.secrets() or None,
            expires_on=form.expires_on(),
            actor=actor_of(request),
        )

    if request.method == "POST" and saved(form, save):
        if not form.secrets():
            connections.ask_test(row, actor=actor_of(request))
        messages.success(request, "The settings are saved. The worker is testing them.")
        return redirect("connection", slug=slug)
    return render(
        request, "console/connections/change.html", {"row": row, "spec": spec, "form": form}
    )


def connection_of(slug: str) -> Connection:
    """The connection of an address, or 404."""
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


def spec_of(name: str) -> System:
    """The description of a system, or 404."""
    try:
        return registry.get(name)
    except (UnknownSystem, SpecError) as exc:
        raise Http404(str(exc)) from exc


def _health(row: Connection) -> dict[str, object]:
    asked = row.test_asked_at
    waits = asked is not None and (row.checked_at is None or row.checked_at < asked)
    late = waits and asked is not None and timezone.now() - asked > TEST_PATIENCE
    return {"row": row, "testing": waits and not late, "late": late, "live": waits and not late}


def _credential(row: Connection) -> dict[str, object]:
    """The versions of the credential, the one in use with its reminder, and the one that waits."""
    versions = list(row.credential.versions.order_by("-number")[:10]) if row.credential else []
    states = {one.state: one for one in reversed(versions)}
    current = states.get(CredentialVersion.State.CURRENT)
    return {
        "versions": versions,
        "current": current,
        "waits": states.get(CredentialVersion.State.PENDING),
        "due": reminders.due(current) if current else None,
    }


def _settings(row: Connection, spec: System) -> list[tuple[str, object]]:
    values = connections.settings_of(row)
    return [(one.label, values.get(one.name, "–")) for one in spec.settings]


def saved(
    form: SystemForm, save: Callable[[], Connection], *, beside: Sequence[forms.Form] = ()
) -> Connection | None:
    """Save what was typed, if it and the forms beside it are right; else they say what is not."""
    if [each for each in (form, *beside) if not each.is_valid()]:  # each of them is asked
        form.refuse()
        return None
    try:
        return save()
    except (BadDefinition, VaultError) as exc:
        form.refuse(*why(exc))
        return None


def why(exc: BadDefinition | VaultError) -> tuple[str, ...]:
    """What was refused, line by line."""
    return tuple(exc.findings) if isinstance(exc, BadDefinition) and exc.findings else (str(exc),)
