"""Addresses of people's pages. Names with account_ and mfa_ are those that allauth asks for."""

from collections.abc import Callable

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount.providers.oauth2 import views as sso
from django.db import transaction
from django.http import HttpResponse
from django.urls import path

from appliance.accounts import own, views
from appliance.accounts.sso import guarded
from connector.console.access import allowed, everybody

Page = Callable[..., HttpResponse]


def _own(view: type, template: str) -> Page:
    """A page of allauth about one's own account; what it changes stands with its audit entry."""
    page = view.as_view(template_name=f"accounts/{template}.html")  # type: ignore[attr-defined]
    return allowed("account.own")(views.well_formed(transaction.atomic(page)))


def _step(view: type, template: str) -> Page:
    page = view.as_view(template_name=f"accounts/{template}.html")  # type: ignore[attr-defined]
    return everybody("the second step of signing in: the first was right")(views.well_formed(page))


def _sso(view: type) -> Page:
    return everybody("the provider of single sign-on says who it is")(guarded(view))


_confirm = _own(account.ReauthenticateView, "confirm")

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/", views.sign_in, name="account_login"),
    path("sign-in/code/", _step(mfa.AuthenticateView, "step"), name="mfa_authenticate"),
    path("sign-in/passkey/", views.passkey, name="mfa_login_webauthn"),
    path(
        "sign-in/with/<slug:provider_id>/", _sso(sso.OAuth2LoginView), name="openid_connect_login"
    ),
    path(
        "sign-in/from/<slug:provider_id>/",
        _sso(sso.OAuth2CallbackView),
        name="openid_connect_callback",
    ),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("set-up/<str:token>/", views.set_up, name="set-up"),
    path("confirm/", _confirm, name="confirm"),
    path("confirm/", _confirm, name="account_reauthenticate"),
    path("confirm/code/", _own(mfa.ReauthenticateView, "confirm"), name="mfa_reauthenticate"),
    path(
        "confirm/passkey/",
        _own(passkeys.ReauthenticateWebAuthnView, "confirm_passkey"),
        name="mfa_reauthenticate_webauthn",
    ),
    path("second-factor/", own.first_factor, name="second-factor"),
    path("account/", own.account, name="account"),
    path("account/", own.account, name="mfa_index"),
    path("account/", own.account, name="mfa_list_webauthn"),
    path("account/name/", own.name, name="account-name"),
    path("account/password/", own.password, name="account-password"),
    path("account/app/", _own(app.ActivateTOTPView, "app"), name="mfa_activate_totp"),
    path("account/app/qr/", own.app_qr, name="account-app-qr"),
    path(
        "account/app/remove/",
        _own(app.DeactivateTOTPView, "app_remove"),
        name="mfa_deactivate_totp",
    ),
    path(
        "account/passkeys/add/",
        _own(passkeys.AddWebAuthnView, "passkey"),
        name="mfa_add_webauthn",
    ),
    path(
        "account/passkeys/<int:pk>/remove/",
        _own(passkeys.RemoveWebAuthnView, "passkey_remove"),
        name="mfa_remove_webauthn",
    ),
    path(
        "account/codes/", _own(codes.ViewRecoveryCodesView, "codes"), name="mfa_view_recovery_codes"
    ),
    path(
        "account/codes/new/",
        _own(codes.GenerateRecoveryCodesView, "codes_new"),
        name="mfa_generate_recovery_codes",
    ),
    path("account/sessions/end/", own.end_other_sessions, name="account-sessions-end"),
    path("account/sessions/<uuid:pk>/end/", own.end_session, name="account-session-end"),
    path("account/rules/", own.rules, name="sign-in-rules"),
]
