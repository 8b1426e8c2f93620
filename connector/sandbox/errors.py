"""Refusal: the one way in which a practice system says no."""

from collections.abc import Mapping
from typing import Any

from connector.sandbox import jsontext
from connector.sandbox.webserver import Response


class Refusal(Exception):
    """A request is not accepted: status, a code for programs, a message for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.facts = facts

    def response(self) -> Response:
        error = {"code": self.code, "message": str(self), **self.facts}
        return Response(self.status, jsontext.encode({"error": error}), self.headers)
