"""From the environment to Django's database settings."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from appliance.env import secret_file
from appliance.home import Home

NAME = "connector"


def from_home(home: Home, role: str) -> dict[str, Any]:
    """Settings for the embedded server of a home, as one of its three roles."""
    return _settings(
        name=NAME,
        user=f"connector_{role}",
        password=secret_file(home.password_file(role)),
        host=str(home.socket),
        port="",
        options={},
    )


def from_url(url: str, *, password: str | None) -> dict[str, Any]:
    """Settings for `postgres://user@host:port/name?sslmode=verify-full` or a socket.

    A server that is reached over a network must prove who it is: only
    `sslmode=verify-full` is taken (S4, S5). A Unix socket is written as
    `postgres:///name?host=/run/postgresql`.

    Raises:
        ImproperlyConfigured: not a Postgres URL, a host without verify-full, or
            an option that is not known here.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must start with postgres://")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or parts.hostname or ""
    unknown = set(options) - {"sslmode", "sslrootcert", "sslcert", "sslkey"}
    if unknown:
        raise ImproperlyConfigured(
            f"DATABASE_URL has unknown options: {', '.join(sorted(unknown))}"
        )
    if not host:
        raise ImproperlyConfigured("DATABASE_URL names no host and no socket directory")
    if not host.startswith("/") and options.get("sslmode") != "verify-full":
        raise ImproperlyConfigured(
            "DATABASE_URL names a server on a network: add sslmode=verify-full, "
            "so that it has to prove who it is"
        )
    return _settings(
        name=unquote(parts.path.lstrip("/")) or NAME,
        user=unquote(parts.username or ""),
        password=password if password is not None else unquote(parts.password or ""),
        host=host,
        port=str(parts.port or ""),
        options=options,
    )


def _settings(
    *, name: str, user: str, password: str, host: str, port: str, options: dict[str, Any]
) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**options, "application_name": user, "prepare_threshold": 5},
    }
