"""Doors of the box: sign-in, second step, passkey, sign-out, the first set-up."""

from collections.abc import Callable
from functools import wraps

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import LoginView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts import setup
from appliance.accounts.adapters import refuse
from appliance.accounts.forms import FirstOwner
from connector.console.access import everybody


def well_formed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer 400 to what is no answer of a browser's passkey; allauth and fido2 stumble over it."""

    @wraps(view)
    def page(request: HttpRequest, **parts: object) -> HttpResponse:
        try:
            return view(request, **parts)
        except (LookupError, TypeError, ValueError, AttributeError):
            if "credential" not in request.POST:
                raise
            raise BadRequest("This is not what a browser answers for a passkey.") from None

    return page


class SignInPage(LoginView):  # type: ignore[misc]
    """One form. A wrong name, a wrong password and a pause are answered with the same sentence."""

    template_name = "accounts/sign_in.html"

    def get_context_data(self, **more: object) -> dict[str, object]:
        return {
            **super().get_context_data(**more),
            "single_sign_on": settings.SSO_NAME if settings.SSO_ISSUER else "",
        }

    def form_invalid(self, form: object) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=403)
        return page


class PasskeyPage(LoginWebAuthnView):  # type: ignore[misc]
    """A passkey alone, which has asked its person for a finger or a PIN."""

    def form_invalid(self, form: object) -> HttpResponse:
        refuse(self.request, "account:~passkey", "passkey")
        return redirect(settings.LOGIN_URL)


sign_in = everybody("nobody is signed in before signing in")(SignInPage.as_view())
passkey = everybody("a passkey is the proof")(well_formed(PasskeyPage.as_view()))


@require_POST
@everybody("it ends whatever session there is, a half-open one as well")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and go to the sign-in page."""
    if request.user.is_authenticated:
        get_adapter().logout(request)
    else:
        request.session.flush()
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
            owner = setup.complete(
                token,
                email=values["email"],
                name=values["full_name"],
                password=values["password"],
                actor="set-up link",
            )
        except setup.LinkRefused:
            return render(request, "accounts/set_up_closed.html", status=410)
        record_authentication(request, owner, method="password")
        answer: HttpResponse = perform_login(request, Login(user=owner))
        return answer
    return render(request, "accounts/set_up.html", {"form": form})
