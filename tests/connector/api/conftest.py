"""Programs with tokens, in a busy box that runs with the keys and rights of web."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from connector.api import tokens
from connector.api.models import ApiToken
from tests.connector.console import box
from tests.connector.console.conftest import flow, signed_in, web  # noqa: F401


class Program:
    """Sends JSON with a token; knows nothing of cookies."""

    def __init__(self, text: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def get(self, address: str, **params: str) -> HttpResponse:
        answer: HttpResponse = self.client.get(f"/api/v1/{address}", params)  # type: ignore[assignment]
        return answer

    def send(self, method: str, address: str, body: Any = None) -> HttpResponse:
        call = getattr(self.client, method)
        answer: HttpResponse = call(
            f"/api/v1/{address}", data=body or {}, content_type="application/json"
        )
        return answer


MakeProgram = Callable[..., Program]


@pytest.fixture
def program(db: None) -> MakeProgram:
    """A program with a token of somebody of this role, these scopes or all it may have."""

    def make(role: str, *scopes: str) -> Program:
        maker = User.objects.filter(username=role).first() or box.a_person(role)
        text, _ = tokens.create(
            maker=maker,
            title="Ledger export",
            scopes=scopes or tokens.scopes_for(role),
            days=30,
            actor=role,
        )
        return Program(text.reveal())

    return make


def expire(row: ApiToken) -> None:
    """Let a token have ended a moment ago."""
    ApiToken.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
