"""What console and API show of one connection to an owner, asked in this process alone."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.messages.storage.base import BaseStorage
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from django.urls import NoReverseMatch, URLPattern, resolve, reverse
from django.utils import timezone
from rest_framework.test import force_authenticate

from connector.api import urls as api_urls
from connector.api.models import ApiToken
from connector.api.tokens import SCOPES
from connector.console import urls as console_urls


class _Kept(SessionBase):
    """A session that is stored nowhere."""


class _Said(BaseStorage):
    """Messages that are stored nowhere."""

    def _get(self, *args: object, **kwargs: object) -> tuple[list[Any], bool]:
        return [], True

    def _store(self, *args: object, **kwargs: object) -> list[Any]:
        return []


def console(user: AbstractBaseUser, slug: str, system: str) -> Iterator[tuple[str, bytes]]:
    """Every page with no argument, or with the connection's names, as its owner gets it."""
    for path in _paths(console_urls.urlpatterns, "", slug, system):
        request = RequestFactory().get(path, HTTP_HOST="127.0.0.1")
        found = resolve(path)
        request.user, request.resolver_match = user, found  # type: ignore[assignment]
        request.session = _Kept()
        request.session["account_authentication_methods"] = [
            {"method": "password", "at": time.time()}
        ]
        request._messages = _Said(request)  # type: ignore[attr-defined]
        try:
            answer = found.func(request, *found.args, **found.kwargs)
        except (Http404, PermissionDenied):
            continue
        if answer.status_code == 200:
            yield path, b"".join(answer) if answer.streaming else answer.content


def api(user: AbstractBaseUser, slug: str, system: str) -> Iterator[tuple[str, bytes]]:
    """Every answer of the API to a GET, with all scopes and a token that is stored nowhere."""
    ends = timezone.now() + timedelta(minutes=5)
    token = ApiToken(maker=user, scopes=list(SCOPES), expires_at=ends)  # type: ignore[misc]
    for path in _paths(api_urls.urlpatterns, "api:", slug, system):
        request = RequestFactory().get(path, HTTP_HOST="127.0.0.1")
        force_authenticate(request, user, token)  # type: ignore[arg-type]
        found = resolve(path)
        view = found.func.view_class.as_view(throttle_classes=[])  # type: ignore[attr-defined]
        answer = view(request, *found.args, **found.kwargs)
        answer.render()
        yield path, answer.content


def _paths(patterns: list[URLPattern], space: str, slug: str, system: str) -> Iterator[str]:
    for pattern in patterns:
        names = {"slug": slug, "system": system}
        wanted = pattern.pattern.converters
        if not pattern.name or wanted.keys() - names.keys():
            continue
        try:
            yield reverse(f"{space}{pattern.name}", kwargs={name: names[name] for name in wanted})
        except NoReverseMatch:
            continue
