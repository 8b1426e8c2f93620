"""Pages of people: sign-in, sign-out, the first set-up."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts import setup
from appliance.accounts import sign_in as door
from appliance.accounts.forms import FirstOwner, SignIn
from connector.console.access import actor_of, allowed, everybody


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password")
@never_cache
@everybody("nobody is signed in before signing in")
def sign_in(request: HttpRequest) -> HttpResponse:
    """One form. A wrong name, a wrong password and a pause are answered with the same sentence."""
    target = _target(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignIn(request.POST or None)
    refused = False
    if request.method == "POST" and form.is_valid():
        if door.sign_in(request, form.cleaned_data["name"], form.cleaned_data["password"]):
            return redirect(target)
        refused = True
    return render(
        request,
        "accounts/sign_in.html",
        {"form": form, "refused": refused, "next": target},
        status=403 if refused else 200,
    )


@require_POST
@allowed("overview.see")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and go to the sign-in page."""
    door.sign_out(request, actor=actor_of(request))
    return redirect(settings.LOGIN_URL)


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password", "again")
@never_cache
@everybody("the link itself is the right to use it, once")
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first owner with the link that the box printed."""
    if not setup.is_open(token):
        return render(request, "accounts/set_up_closed.html", status=410)
    form = FirstOwner(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            setup.complete(
                token,
                email=values["email"],
                name=values["full_name"],
                password=values["password"],
                actor="set-up link",
            )
        except setup.LinkRefused:
            return render(request, "accounts/set_up_closed.html", status=410)
        door.sign_in(request, values["email"].lower(), values["password"])
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/set_up.html", {"form": form})


def _target(request: HttpRequest) -> str:
    """Where to go after signing in: a page of this box, never another site."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
