"""The form of a system: fields for the settings and the secrets that its description asks for."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from connector.crypto.secret import Secret
from connector.flows.secrets import problem
from connector.systems.spec import CredentialField, Setting, System

SETTING, SECRET = "setting-", "secret-"
EXPIRES = "expires_on"
RETYPE = "Nothing was saved. Secrets never come back to a page: type them again."
YES_NO = [("true", "yes"), ("false", "no")]


class NeverShown(forms.Textarea):
    """A text area whose content is never sent back to a page."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class ExpiryField(forms.DateField):
    """The last day on which a credential works; empty if it does not end."""

    def __init__(self) -> None:
        super().__init__(
            label="Last day on which it works",
            required=False,
            help_text="As the system says, if it says so. You are reminded before.",
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        )

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError("That day has gone by.")
        return day


class SecretField(forms.CharField):
    """A secret of a system. No message repeats what was typed, nor says how long it was."""

    def __init__(self, field: CredentialField, *, required: bool) -> None:
        widget: forms.Widget
        if field.kind == "text":
            widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        else:
            widget = NeverShown(
                attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false", "class": "code"}
            )
        super().__init__(
            label=field.label,
            help_text=field.help,
            required=required,
            strip=field.kind != "text",
            widget=widget,
        )
        self.validators = []  # the one check is `problem`
        self.of = field

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        wrong = problem(self.of, text) if text else ""
        if wrong:
            raise forms.ValidationError(f"This {wrong}.")
        return text


class SystemForm(forms.Form):
    """Settings (which may be seen again) and secrets (which never are) of one system.

    A secret must be typed again after an error in any other field, and the page says so.
    """

    def __init__(
        self,
        spec: System,
        data: Any = None,
        *,
        settings: dict[str, Any] | None = None,
        with_settings: bool = True,
        secrets: str = "asked",
    ) -> None:
        """
        Args:
            settings: present values of the settings.
            secrets: "asked" (required as the system says), "may stay empty", or "none".
        """
        shown = {SETTING + name: _shown(value) for name, value in (settings or {}).items()}
        super().__init__(data, initial=shown)
        self.spec = spec
        if with_settings:
            for setting in spec.settings:
                self.fields[SETTING + setting.name] = _setting_field(setting)
        if secrets != "none":
            for field in spec.credential:
                self.fields[SECRET + field.name] = SecretField(
                    field, required=field.required and secrets == "asked"
                )
            if spec.credential:
                self.fields[EXPIRES] = ExpiryField()

    def settings(self) -> dict[str, Any]:
        """The settings that were filled in, by the system's names."""
        return {
            name.removeprefix(SETTING): _typed(value)
            for name, value in self.cleaned_data.items()
            if name.startswith(SETTING) and value not in ("", None)
        }

    def secrets(self) -> dict[str, Secret]:
        """The secrets that were typed, by the system's names."""
        return {
            name.removeprefix(SECRET): Secret(value)
            for name, value in self.cleaned_data.items()
            if name.startswith(SECRET) and value
        }

    def expires_on(self) -> date | None:
        """The last day on which the secrets work."""
        day: date | None = self.cleaned_data.get(EXPIRES)
        return day

    def refuse(self, *texts: str) -> None:
        """Add what was wrong beside the fields, and that the secrets are to be typed again."""
        for text in (*texts, *([RETYPE] if self.secret_fields else ["Nothing was saved."])):
            self.add_error(None, text)

    @property
    def setting_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith(SETTING)]

    @property
    def secret_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith(SECRET) or field.name == EXPIRES]


def _setting_field(setting: Setting) -> forms.Field:
    text = setting.help or (f"For example {setting.example}" if setting.example else "")
    comes = setting.from_callback is not None
    if comes:
        text = "Filled in when you connect; leave it empty."
    common: dict[str, Any] = {
        "label": setting.label,
        "help_text": text,
        "required": setting.required and setting.default is None and not comes,
        "initial": _shown(setting.default),
    }
    if setting.type == "integer":
        return forms.IntegerField(**common)
    if setting.type == "boolean":
        return forms.ChoiceField(
            choices=[*([] if setting.required else [("", "–")]), *YES_NO], **common
        )
    if setting.type == "choice" and setting.choices:
        choices = [(str(choice.value), choice.label) for choice in setting.choices]
        return forms.ChoiceField(
            choices=choices if setting.required else [("", "–"), *choices], **common
        )
    if setting.type == "date":
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **common)
    return forms.CharField(max_length=500, **common)


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _typed(value: Any) -> Any:
    if value in ("true", "false"):
        return value == "true"
    return value.isoformat() if hasattr(value, "isoformat") else value
