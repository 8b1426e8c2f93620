"""Typed readers for environment variables. Every reader fails loudly, none guesses."""

import os
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def flag(name: str, *, default: bool) -> bool:
    """Read a yes/no value. Only "true" and "false" are accepted; "1" or "on" is an error."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value not in ("true", "false"):
        raise ImproperlyConfigured(f'{name} must be "true" or "false"')
    return value == "true"


def choice(name: str, choices: Sequence[str], *, default: str) -> str:
    """Read one of a closed list of words."""
    value = os.environ.get(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}")
    return value


def number(name: str, *, default: int, at_least: int, at_most: int) -> int:
    """Read a whole number between two bounds, both included."""
    value = os.environ.get(name, str(default))
    if not value.isascii() or not value.isdigit() or not at_least <= int(value) <= at_most:
        raise ImproperlyConfigured(f"{name} must be {at_least} to {at_most}")
    return int(value)


def text(name: str, *, default: str) -> str:
    """Read a text as it is."""
    return os.environ.get(name, default)


def words(name: str, *, default: Sequence[str] = ()) -> list[str]:
    """Read a list separated by commas; blanks around a word are dropped."""
    value = os.environ.get(name)
    if value is None:
        return list(default)
    return [word.strip() for word in value.split(",") if word.strip()]


def path(name: str) -> Path | None:
    """Read a path, or None where the variable is missing or empty."""
    value = os.environ.get(name, "")
    return Path(value) if value else None


def secret_file(file: Path, *, at_least: int = 16) -> str:
    """Read a secret from a file. Surrounding white space is dropped.

    Raises:
        ImproperlyConfigured: the file can't be read, or holds too little.
    """
    try:
        value = file.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ImproperlyConfigured(f"the secret file {file} can't be read") from exc
    if len(value) < at_least:
        raise ImproperlyConfigured(f"the secret file {file} holds fewer than {at_least} characters")
    return value
