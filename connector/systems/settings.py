"""What a person fills in for a connection, checked against the system's description."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.conf import settings as box

from connector.systems.hosts import LOOPBACK
from connector.systems.spec import Setting, System


def check_settings(system: System, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Settings with defaults filled in and types put right, and all that is wrong with them."""
    known = {setting.name: setting for setting in system.settings}
    problems = [f'{system.title} has no setting "{name}"' for name in given if name not in known]
    checked: dict[str, Any] = {}
    for name, setting in known.items():
        value = given.get(name)
        if value is None or value == "":
            value = setting.default
        if value is None:
            if setting.required and setting.from_callback is None:  # else it comes later
                problems.append(f"{name}: is missing ({setting.label})")
            continue
        typed, problem = _typed(setting, value)
        if problem:
            problems.append(f"{name}: {problem}")
        else:
            checked[name] = typed
    return checked, problems


def _typed(setting: Setting, value: Any) -> tuple[Any, str]:
    """The value as its type says, or what is wrong with it."""
    if setting.type == "boolean":
        return (value, "") if isinstance(value, bool) else _boolean(value)
    if setting.type == "integer":
        text = str(value)
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII):
            return None, "must be a whole number"
        return int(text), ""
    text = str(value).strip()
    if setting.choices and text not in {str(choice.value) for choice in setting.choices}:
        return None, "must be one of " + ", ".join(str(c.value) for c in setting.choices)
    if setting.pattern and not re.fullmatch(setting.pattern, text):
        return (
            None,
            f"has not the right form; it should look like {setting.example or setting.pattern}",
        )
    if setting.type == "zone" and text not in _zones():
        return None, f'there is no time zone "{text}"; a right one is Europe/Berlin'
    if setting.type == "date" and not _is_date(text):
        return None, "must be a date like 2026-11-20"
    if setting.type == "url":
        return _url(text)
    return text, ""


def _boolean(value: Any) -> tuple[Any, str]:
    if str(value) in ("true", "false"):
        return str(value) == "true", ""
    return None, "must be true or false"


def _url(text: str) -> tuple[Any, str]:
    try:
        parts = urlsplit(text)
        scheme, host = parts.scheme, parts.hostname
    except ValueError:
        scheme, host = "", None
    here = scheme == "http" and box.CONNECTOR_ALLOW_LOOPBACK and host in LOOPBACK
    if not host or not (scheme == "https" or here):
        return None, "must be an address that starts with https://"
    return text.rstrip("/"), ""


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


@cache
def _zones() -> set[str]:
    return available_timezones()
