"""Webhooks: the endpoints, one with its events and refusals, rotating its secret, switching it."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from connector.console import pages
from connector.console.access import actor_of, allowed
from connector.crypto.secret import Secret
from connector.flows import dispatch
from connector.webhooks import replay, schemes, store
from connector.webhooks.errors import WebhookError
from connector.webhooks.models import Endpoint, Event, Tally

SHOWN_HOURS = timedelta(hours=24)


class Rotation(forms.Form):
    """A new signing secret, and for how long the old one is taken as well."""

    secret = forms.CharField(
        label="New secret",
        max_length=1_000,
        strip=False,
        help_text="As the system shows it. It is never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    days = forms.IntegerField(
        label="Take the old one for so many days",
        min_value=0,
        max_value=store.LONGEST_OVERLAP.days,
        initial=store.OVERLAP.days,
    )


@require_GET
@allowed("webhooks.see")
def listed(request: HttpRequest) -> HttpResponse:
    """All endpoints by name with what was refused in the last 24 hours."""
    since = timezone.now() - SHOWN_HOURS
    refused = dict(
        Tally.objects.filter(hour__gte=since)
        .order_by()
        .values_list("endpoint")
        .annotate(Sum("events"))
    )
    rows = Endpoint.objects.filter(archived_at=None).select_related("connection")
    return render(
        request,
        "console/webhooks/list.html",
        {
            "lines": [(row, refused.get(row.pk, 0)) for row in rows],
            "strangers": refused.get(None, 0),
        },
    )


@require_GET
@allowed("webhooks.see")
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One endpoint."""
    return _page(request, _endpoint(slug), Rotation())


@require_POST
@sensitive_post_parameters("secret")
@allowed("webhooks.change", confirm=True)
def rotate(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a new secret in place; the old one is taken for a while as well."""
    row = _endpoint(slug)
    form = Rotation(request.POST)
    if form.is_valid():
        try:
            store.rotate_secret(
                row,
                Secret(form.cleaned_data["secret"]),
                overlap=timedelta(days=form.cleaned_data["days"]),
                actor=actor_of(request),
            )
        except WebhookError as exc:
            form.add_error("secret", exc.message)
        else:
            messages.success(request, "The new secret is in use.")
            return redirect("webhook-page", slug=slug)
    return _page(request, row, form)


@require_POST
@allowed("webhooks.change")
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Take deliveries, or refuse them all."""
    on = request.POST.get("to") == "on"
    try:
        store.switch(_endpoint(slug), on=on, actor=actor_of(request))
    except WebhookError as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, "Events are taken." if on else "Events are refused from now on.")
    return redirect("webhook-page", slug=slug)


@require_POST
@allowed("webhooks.change")
def replay_event(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Process an event once more; the record is read again, so nothing is posted twice."""
    event = get_object_or_404(Event, pk=pk, endpoint=_endpoint(slug))
    try:
        replay.replay(event, actor=actor_of(request))
    except WebhookError as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, "The event is processed again. The worker is on it.")
    return redirect("webhook-page", slug=slug)


def _page(request: HttpRequest, row: Endpoint, form: Rotation) -> HttpResponse:
    events = Event.objects.filter(endpoint=row).select_related("run").defer("body_sealed")
    state = request.GET.get("state", "")
    if state in Event.State.values:
        events = events.filter(state=state)
    tallies = Tally.objects.filter(endpoint=row, hour__gte=timezone.now() - SHOWN_HOURS)
    return render(
        request,
        "console/webhooks/detail.html",
        {
            "row": row,
            "address": store.address(row.path),
            "scheme": schemes.get(row.scheme).title
            if row.scheme in schemes.known_schemes()
            else row.scheme,
            "form": form,
            "page": pages.page(events, request.GET, order=["-id"], size=25),
            "state": state,
            "states": Event.State.choices,
            "refusals": tallies.order_by("-hour", "outcome"),
            "refused": sum(one.events for one in tallies),
            "flows": dispatch.flows_of_endpoint(row.slug),
        },
        status=422 if form.errors else 200,
    )


def _endpoint(slug: str) -> Endpoint:
    rows = Endpoint.objects.filter(archived_at=None).select_related("connection")
    return get_object_or_404(rows, slug=slug)
