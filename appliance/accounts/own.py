"""Somebody's own account: name, password, second factors, sessions. And the owner's rules."""

from typing import cast
from uuid import UUID

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from appliance.accounts import second_factor, sessions
from appliance.accounts.forms import OwnName, OwnPassword, Rules
from appliance.accounts.models import User
from appliance.accounts.passwords import change_password
from connector.audit import log
from connector.audit.actions import Action
from connector.console.access import actor_of, allowed


@require_GET
@allowed("account.own")
def account(request: HttpRequest) -> HttpResponse:
    """All of it on one page."""
    user = _user(request)
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    kinds = {factor.type: factor for factor in factors}
    codes = kinds.get(Authenticator.Type.RECOVERY_CODES)
    return render(
        request,
        "accounts/account.html",
        {
            "name": OwnName(initial={"full_name": user.get_full_name()}),
            "app": kinds.get(Authenticator.Type.TOTP),
            "passkeys": [each for each in factors if each.type == Authenticator.Type.WEBAUTHN],
            "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
            "required": second_factor.is_required_of(user),
            "sessions": sessions.of(user),
            "own": sessions.own_hash(request),
        },
    )


@require_POST
@allowed("account.own")
def name(request: HttpRequest) -> HttpResponse:
    """Take another name; the user name, which the audit log shows, stays."""
    form = OwnName(request.POST)
    if form.is_valid():
        _rename(_user(request), form.cleaned_data["full_name"], actor=actor_of(request))
        messages.success(request, "Your name is saved.")
    else:
        messages.error(request, "A name has 1 to 150 characters. Nothing was changed.")
    return redirect("account")


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password", "again")
@allowed("account.own", confirm=True)
def password(request: HttpRequest) -> HttpResponse:
    """Choose another password. All other sessions end, and this one gets a new key."""
    user = _user(request)
    form = OwnPassword(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            change_password(
                user,
                form.cleaned_data["password"],
                actor=actor_of(request),
                keep=sessions.own_hash(request),
            )
            update_session_auth_hash(request, user)
            sessions.note_device(request)
        messages.success(request, "Your password is changed. Your other sessions are over.")
        return redirect("account")
    return render(request, "accounts/password.html", {"form": form})


@require_POST
@allowed("account.own")
def end_session(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End one session of one's own."""
    ended = sessions.end(_user(request), pk, actor=actor_of(request))
    messages.success(request, "That session is over." if ended else "It was over already.")
    return redirect("account")


@require_POST
@allowed("account.own")
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all sessions of one's own but this one."""
    ended = sessions.end_all(
        _user(request),
        reason="ended by hand",
        actor=actor_of(request),
        keep=sessions.own_hash(request),
    )
    messages.success(request, f"Sessions that are over now: {ended}.")
    return redirect("account")


@require_GET
@allowed("account.own")
def first_factor(request: HttpRequest) -> HttpResponse:
    """Where somebody is led who needs a second factor and has none."""
    return render(request, "accounts/second_factor.html")


@require_GET
@allowed("account.own")
def app_qr(request: HttpRequest) -> HttpResponse:
    """The key that the page of the app shows, as a picture: pages hold no inline images."""
    secret = request.session.get(SECRET_SESSION_KEY)
    if not secret:
        raise Http404
    adapter = get_adapter()
    picture = adapter.build_totp_svg(adapter.build_totp_url(request.user, secret))
    return HttpResponse(picture, content_type="image/svg+xml")


@require_http_methods(["GET", "POST"])
@allowed("sign_in.rules", confirm=True)
def rules(request: HttpRequest) -> HttpResponse:
    """Who needs a second factor, and who may use a password."""
    now = second_factor.rules()
    form = Rules(
        request.POST or None,
        initial={
            "second_factor": now.second_factor,
            "passwords_for_owners_alone": now.passwords_for_owners_alone,
        },
    )
    if request.method == "POST" and form.is_valid():
        second_factor.change_rules(
            second_factor=form.cleaned_data["second_factor"],
            passwords_for_owners_alone=form.cleaned_data["passwords_for_owners_alone"],
            actor=actor_of(request),
            keep=sessions.own_hash(request),
        )
        second_factor.settle(request, _user(request))
        messages.success(request, "The rules of signing in are saved.")
        return redirect("sign-in-rules")
    return render(request, "accounts/rules.html", {"form": form})


@transaction.atomic
def _rename(user: User, full_name: str, *, actor: str) -> None:
    user.first_name, _, user.last_name = full_name.strip().partition(" ")
    user.save(update_fields=["first_name", "last_name"])
    log.record(Action.ACCOUNT_RENAMED, actor=actor, subject=f"account:{user.username}")


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)
