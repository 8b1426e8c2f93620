"""The credential of a connection: entering, dropping, dating, deleting it. Never read."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from connector.console.access import actor_of, allowed
from connector.console.connections import connection_of, saved, spec_of
from connector.console.system_form import ExpiryField, SystemForm
from connector.flows import connections
from connector.flows.errors import BadDefinition
from connector.flows.models import Connection, Flow
from connector.vault import store
from connector.vault.errors import VaultError
from connector.vault.models import Credential


class LastDay(forms.Form):
    """Until when the credential in use works."""

    expires_on = ExpiryField()


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@allowed("credentials.change", confirm=True)
def rotate(request: HttpRequest, slug: str) -> HttpResponse:
    """A new secret, used when it has passed its test; flows never stop. All of it is typed anew."""
    row = connection_of(slug)
    spec = spec_of(row.system)
    form = SystemForm(spec, request.POST or None, with_settings=False)

    def save() -> Connection:
        return connections.change(
            row, secrets=form.secrets(), expires_on=form.expires_on(), actor=actor_of(request)
        )

    if request.method == "POST" and saved(form, save):
        messages.success(request, "The new credential is sealed. The worker is testing it.")
        return redirect("connection", slug=slug)
    return render(
        request, "console/connections/rotate.html", {"row": row, "spec": spec, "form": form}
    )


@require_POST
@allowed("credentials.change", confirm=True)
def use(request: HttpRequest, slug: str) -> HttpResponse:
    """Use the version that waits, although it has not passed its test."""
    try:
        connections.ask_use(connection_of(slug), actor=actor_of(request))
    except (BadDefinition, VaultError) as exc:
        messages.error(request, str(exc))
    else:
        messages.success(request, "The worker puts the new credential in use, and tests it then.")
    return redirect("connection", slug=slug)


@require_POST
@allowed("credentials.change", confirm=True)
def drop(request: HttpRequest, slug: str) -> HttpResponse:
    """Shred the version that waits; the one in use stays."""
    return _act(
        request,
        slug,
        lambda credential: store.drop(credential, actor=actor_of(request)),
        "The new credential is shredded. The one in use stays.",
    )


@require_POST
@allowed("credentials.change", confirm=True)
def expiry(request: HttpRequest, slug: str) -> HttpResponse:
    """Say until when the credential in use works."""
    form = LastDay(request.POST)
    if not form.is_valid():
        messages.error(request, f"{form.errors['expires_on'][0]} Nothing was changed.")
        return redirect("connection", slug=slug)
    day = form.cleaned_data["expires_on"]
    return _act(
        request,
        slug,
        lambda credential: store.set_expiry(credential, day, actor=actor_of(request)),
        "The last day is saved.",
    )


@require_http_methods(["GET", "POST"])
@allowed("credentials.change", confirm=True)
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Shred the credential for good, after a page that says what stops then."""
    row = connection_of(slug)
    if row.credential is None:
        raise Http404(f"{row.title} has no credential")
    if request.method == "POST":
        try:
            connections.delete_credential(row, actor=actor_of(request))
        except (BadDefinition, VaultError) as exc:
            messages.error(request, str(exc))
        else:
            messages.success(request, "The credential is shredded.")
        return redirect("connection", slug=slug)
    return render(request, "console/connections/delete.html", {"row": row, "flows": _flows_of(row)})


def _act(
    request: HttpRequest, slug: str, change: Callable[[Credential], object], done: str
) -> HttpResponse:
    row = connection_of(slug)
    if row.credential is None:
        raise Http404(f"{row.title} has no credential")
    try:
        change(row.credential)
    except VaultError as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, done)
    return redirect("connection", slug=slug)


def _flows_of(row: Connection) -> list[Flow]:
    flows = Flow.objects.filter(archived_at=None, enabled=True).select_related("current")
    return [
        flow
        for flow in flows
        if flow.current and row.pk in (flow.current.source_id, flow.current.destination_id)
    ]
