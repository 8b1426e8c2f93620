"""The forms of people: sign-in, set-up, their account, the rules of signing in."""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings as mfa
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from django import forms
from django.contrib.auth import password_validation
from django.core.cache import cache
from django.core.exceptions import ValidationError

from appliance.accounts.models import SignInRules, User


def _password(label: str, kind: str, hint: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=1_000,
        strip=False,
        help_text=hint,
        widget=forms.PasswordInput(attrs={"autocomplete": kind}),
    )


class SignIn(LoginForm):  # type: ignore[misc]
    """Name and password. The password never comes back to the page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label="E-mail or user name",
            max_length=150,
            widget=forms.TextInput(
                attrs={"autocomplete": "username webauthn", "autocapitalize": "none"}
            ),
        )
        self.fields["password"] = _password("Password", "current-password")


class _Once(BaseAuthenticateForm):  # type: ignore[misc]
    """A code is taken once. allauth remembers it for one step only, and it is right for three."""

    def clean_code(self) -> str:
        code = str(super().clean_code())
        right_s = mfa.TOTP_PERIOD * (2 * mfa.TOTP_TOLERANCE + 1)
        if not cache.add(f"used {self.user.pk} {normalize_user_code(code)}", 1, timeout=right_s):
            self._emit_authentication_failed(self.authenticator)
            raise get_adapter().validation_error("incorrect_code")
        return code


class Code(_Once, AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""


class CodeToConfirm(_Once, ReauthenticateForm):  # type: ignore[misc]
    """Confirming that it is oneself."""


class NewPassword(forms.Form):
    """A password that somebody chooses, twice."""

    password = _password(
        "Password", "new-password", "At least 12 characters; several words in a row are good."
    )
    again = _password("The same password again", "new-password")

    def person(self) -> User:
        """Whose password it will be: it must not resemble their name."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        password, again = values.get("password"), values.get("again")
        if password and again and password != again:
            self.add_error("again", "This is not the password from the field above.")
        if password:
            try:
                password_validation.validate_password(password, self.person())
            except ValidationError as exc:
                self.add_error("password", exc)
        return values


class FirstOwner(NewPassword):
    """Who owns this box."""

    email = forms.EmailField(
        label="E-mail",
        max_length=150,
        help_text="You sign in with it. Nothing is sent there.",
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    full_name = forms.CharField(
        label="Your name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("email", "full_name", "password", "again")

    def person(self) -> User:
        email = self.cleaned_data.get("email", "")
        name = self.cleaned_data.get("full_name", "")
        return User(username=email, email=email, first_name=name)


class OwnPassword(NewPassword):
    """A new password for oneself; the old one was asked for on the page before."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def person(self) -> User:
        return self.user


class OwnName(forms.Form):
    """How the console calls somebody."""

    full_name = forms.CharField(
        label="Your name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class Rules(forms.Form):
    """What the owner decides about signing in."""

    second_factor = forms.ChoiceField(
        label="Who needs a second factor", choices=SignInRules.Who.choices
    )
    passwords_for_owners_alone = forms.BooleanField(
        label="Only owners may sign in with a password; everybody else by single sign-on",
        required=False,
    )
