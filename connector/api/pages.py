"""Pages of the console about API tokens: the list, making one, revoking one."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connector.api import tokens
from connector.api.models import ApiToken
from connector.console import pages
from connector.console.access import WHO, actor_of, allowed, role_of


class New(forms.Form):
    """What a token is for, what it may do and for how long."""

    title = forms.CharField(
        label="What is it for?", max_length=100, help_text="How you will find it in the list."
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do", widget=forms.CheckboxSelectMultiple, choices=()
    )
    days = forms.IntegerField(
        label="Days until it ends", min_value=1, max_value=tokens.LONGEST_DAYS, initial=90
    )

    def __init__(self, *args: Any, role: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = cast("forms.MultipleChoiceField", self.fields["scopes"])
        scopes.choices = [(one, tokens.SCOPES[one]) for one in tokens.scopes_for(role)]


@require_GET
@allowed("tokens.own")
def listed(request: HttpRequest) -> HttpResponse:
    """One's own tokens, the newest first; an owner sees those of everybody."""
    page = pages.page(
        _visible(request).select_related("maker"), request.GET, order=["-created_at", "-id"]
    )
    lines = [
        (row, [scope for scope in row.scopes if not tokens.may(row, scope)]) for row in page.rows
    ]
    return render(request, "api/list.html", {"page": page, "lines": lines})


@require_http_methods(["GET", "POST"])
@allowed("tokens.own", confirm=True)
def new(request: HttpRequest) -> HttpResponse:
    """Make one. It stands in this answer and nowhere else."""
    form = New(request.POST or None, role=role_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            text, row = tokens.create(
                maker=cast(AbstractBaseUser, request.user),
                title=form.cleaned_data["title"],
                scopes=form.cleaned_data["scopes"],
                days=form.cleaned_data["days"],
                actor=actor_of(request),
            )
        except tokens.TokenRefused as exc:
            form.add_error(None, str(exc))
        else:
            return render(request, "api/made.html", {"text": text.reveal(), "row": row})
    return render(request, "api/new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@allowed("tokens.own")
def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a token at once: one's own, or anybody's for an owner."""
    row = get_object_or_404(_visible(request), pk=pk)
    ended = tokens.revoke(row, actor=actor_of(request))
    messages.success(request, "The token is revoked." if ended else "It was revoked already.")
    return redirect("tokens")


def _visible(request: HttpRequest) -> QuerySet[ApiToken]:
    rows = ApiToken.objects.all()
    return rows if role_of(request) in WHO["tokens.all"] else rows.filter(maker=request.user.pk)
