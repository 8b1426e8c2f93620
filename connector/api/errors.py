"""Every error of the API has one shape.

    {"error": {"code": "not_possible", "message": "The flow is off.", "details": []}}

`code` is from a closed list, `message` is for a person, `details` names fields or findings.
Nothing that was sent comes back.
"""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from connector.flows.errors import BadDefinition, FlowsError
from connector.vault.errors import BadFields, VaultError

logger = logging.getLogger(__name__)

CODES = {
    400: "bad_request",
    401: "no_token",
    403: "no_scope",
    404: "not_found",
    405: "no_method",
    406: "json_only",
    409: "not_possible",
    413: "too_large",
    415: "json_only",
    422: "refused",
    429: "too_many",
    500: "broken",
}


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."


class NotPossible(exceptions.APIException):
    """The present state does not allow it."""

    status_code = status.HTTP_409_CONFLICT


def answer(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: the answer to whatever went wrong in a view."""
    set_rollback()
    headers: dict[str, str] = {}
    if isinstance(exc, exceptions.APIException):
        if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            headers["WWW-Authenticate"] = "Bearer"
        wait_s = getattr(exc, "wait", None)
        if wait_s is not None:
            headers["Retry-After"] = f"{wait_s:.0f}"
        return _shaped(exc.status_code, *_said(exc), headers=headers)
    if isinstance(exc, Http404):
        return _shaped(404, "There is no such thing.")
    if isinstance(exc, PermissionDenied):
        return _shaped(403, "This token may not do that.")
    if isinstance(exc, BadDefinition):
        return _shaped(422, exc.summary, list(exc.findings))
    if isinstance(exc, BadFields):
        return _shaped(422, exc.message)
    if isinstance(exc, FlowsError | VaultError):
        return _shaped(409, exc.message)
    logger.error("The API could not answer", exc_info=exc)
    return _shaped(500, "The box could not answer. Nothing was changed; its log says why.")


def _said(exc: exceptions.APIException) -> tuple[str, list[str]]:
    if isinstance(exc, exceptions.ValidationError):
        return "The request can't be understood. Nothing was changed.", _flat(exc.detail)
    if isinstance(exc, exceptions.ParseError):
        return "The body is not JSON.", []  # the parser's own words quote what was sent
    return str(exc.detail), []


def _flat(detail: Any, path: str = "") -> list[str]:
    if isinstance(detail, dict):
        return [line for key, value in detail.items() for line in _flat(value, f"{path}{key}: ")]
    if isinstance(detail, list):
        return [line for value in detail for line in _flat(value, path)]
    return [f"{path}{detail}"]


def _shaped(
    code: int, message: str, details: list[str] | None = None, headers: dict[str, str] | None = None
) -> Response:
    body = {"code": CODES.get(code, "refused"), "message": message, "details": details or []}
    return Response({"error": body}, status=code, headers=headers)
