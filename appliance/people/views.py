"""Pages of the owner about people: the list, one person, inviting; and the page of the invited."""

from typing import Any, cast
from uuid import UUID

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from appliance.accounts import second_factor, sessions
from appliance.accounts.forms import NewPassword
from appliance.accounts.models import User
from appliance.people import access, invitations
from appliance.people.errors import LinkRefused, NotPossible
from appliance.people.models import Invitation
from connector.console import pages, public
from connector.console.access import actor_of, allowed, everybody

ROLES = (
    (User.Role.OWNER, "owner: everything, people and credentials included"),
    (User.Role.OPERATOR, "operator: runs flows, changes mappings, answers the inbox"),
    (User.Role.VIEWER, "viewer: sees flows and records, changes nothing"),
    (User.Role.AUDITOR, "auditor: sees the audit log and what was done, no records"),
)
MOST_INVITATIONS = 50


class Invite(forms.Form):
    """Who is invited as what."""

    email = forms.EmailField(
        label="E-mail",
        max_length=150,
        help_text="They sign in with it. Nothing is sent there: you pass the link on.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label="Role", choices=ROLES, initial=User.Role.VIEWER, widget=forms.RadioSelect
    )


class Role(forms.Form):
    """Another role."""

    role = forms.ChoiceField(label="Role", choices=ROLES, widget=forms.RadioSelect)


class Invited(NewPassword):
    """Name and password of whoever accepts an invitation."""

    full_name = forms.CharField(
        label="Your name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("full_name", "password", "again")

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def person(self) -> User:
        name = self.cleaned_data.get("full_name", "")
        return User(username=self.email, email=self.email, first_name=name)


@require_GET
@allowed("people.change")
def listed(request: HttpRequest) -> HttpResponse:
    """Everybody who has an account, by name, and the invitations that are open."""
    page = pages.page(User.objects.all(), request.GET, order=["username"])
    having = set(
        Authenticator.objects.filter(user__in=page.rows, type__in=second_factor.KINDS).values_list(
            "user_id", flat=True
        )
    )
    return render(
        request,
        "people/list.html",
        {
            "page": page,
            "lines": [(row, row.pk in having) for row in page.rows],
            "invitations": invitations.still_open().order_by("email")[:MOST_INVITATIONS],
        },
    )


@require_http_methods(["GET", "POST"])
@allowed("people.change", confirm=True)
def invite(request: HttpRequest) -> HttpResponse:
    """Make a link. It stands in this answer and nowhere else."""
    form = Invite(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token = invitations.create(
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                maker=cast(User, request.user),
                actor=actor_of(request),
            )
        except NotPossible as exc:
            form.add_error("email", exc.message)
        else:
            link = public.address(request, reverse("invited", args=[token.reveal()]))
            shown = {"link": link, "email": form.cleaned_data["email"].lower()}
            return render(request, "people/link.html", shown)
    return render(request, "people/invite.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@allowed("people.change")
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a link that was not used yet."""
    ended = invitations.withdraw(get_object_or_404(Invitation, pk=pk), actor=actor_of(request))
    messages.success(request, "The link is withdrawn." if ended else "It had ended already.")
    return redirect("people")


@require_GET
@allowed("people.change")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: role, access, second factor, sessions."""
    person = get_object_or_404(User, pk=pk)
    return render(
        request,
        "people/detail.html",
        {
            "person": person,
            "form": Role(initial={"role": person.role}),
            "has_factor": second_factor.has_one(person),
            "sessions": sessions.of(person),
            "own": sessions.own_hash(request),
        },
    )


@require_POST
@allowed("people.change", confirm=True)
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Give somebody another role."""
    person = get_object_or_404(User, pk=pk)
    form = Role(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles. Nothing was changed.")
        return redirect("person", pk=pk)
    wanted = User.Role(form.cleaned_data["role"])
    try:
        access.change_role(person, wanted, actor=actor_of(request))
    except NotPossible as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, f"{person.username} is {wanted} now, and signs in anew.")
    return redirect("person", pk=pk)


@require_POST
@allowed("people.change", confirm=True)
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody's access, or give it back."""
    person = get_object_or_404(User, pk=pk)
    try:
        if request.POST.get("to") == "on":
            access.reactivate(person, actor=actor_of(request))
            messages.success(request, f"{person.username} may sign in again.")
        else:
            access.deactivate(person, actor=actor_of(request))
            messages.success(request, f"{person.username} has no access any more.")
    except NotPossible as exc:
        messages.error(request, exc.message)
    return redirect("person", pk=pk)


@require_POST
@allowed("people.change", confirm=True)
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody who lost their second factor set up another."""
    person = get_object_or_404(User, pk=pk)
    removed = access.reset_second_factor(person, actor=actor_of(request))
    messages.success(request, "It is removed." if removed else "There was none.")
    return redirect("person", pk=pk)


@require_POST
@allowed("people.change", confirm=True)
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """End all sessions of somebody, but the one that asks."""
    ended = sessions.end_all(
        get_object_or_404(User, pk=pk),
        reason="ended by an owner",
        actor=actor_of(request),
        keep=sessions.own_hash(request),
    )
    messages.success(request, f"Sessions that are over now: {ended}.")
    return redirect("person", pk=pk)


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password", "again")
@never_cache
@everybody("the link itself is the right to use it, once")
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody who was invited chooses a name and a password."""
    invitation = invitations.of(token)
    if invitation is None:
        return render(request, "people/link_closed.html", status=410)
    form = Invited(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        try:
            invitations.accept(
                token,
                name=form.cleaned_data["full_name"],
                password=form.cleaned_data["password"],
            )
        except LinkRefused:
            return render(request, "people/link_closed.html", status=410)
        return render(request, "people/welcome.html", {"email": invitation.email})
    return render(
        request,
        "people/invited.html",
        {"form": form, "invitation": invitation},
        status=422 if form.errors else 200,
    )
