"""The forms of sign-in and set-up."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from appliance.accounts.models import User


class SignIn(forms.Form):
    """Name and password. The password never comes back to the page."""

    name = forms.CharField(
        label="E-mail or user name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label="Password",
        max_length=1_000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class FirstOwner(forms.Form):
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
    password = forms.CharField(
        label="Password",
        max_length=1_000,
        strip=False,
        help_text="At least 12 characters; several words in a row are good.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="The same password again",
        max_length=1_000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        password, again = values.get("password"), values.get("again")
        if password and again and password != again:
            self.add_error("again", "This is not the password from the field above.")
        if password:
            person = User(
                username=values.get("email", ""),
                email=values.get("email", ""),
                first_name=values.get("full_name", ""),
            )
            try:
                password_validation.validate_password(password, person)
            except ValidationError as exc:
                self.add_error("password", exc)
        return values
