"""The address at which other systems deliver events: sizes and status codes, no more."""

import logging

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from connector.crypto.errors import CryptoError
from connector.systems.errors import SpecError, SystemFailure
from connector.webhooks import receive, store
from connector.webhooks.errors import WebhookError
from connector.webhooks.receive import Answer
from connector.webhooks.schemes import Delivery

MOST_BYTES = 1_048_576
LONGEST_QUERY = 4_096  # more is no greeting and is not parsed
RETRY_AFTER_S = 30

logger = logging.getLogger(__name__)


@csrf_exempt
def hook(request: HttpRequest, path: str) -> HttpResponse:
    """Take a delivery. Answers 200, 401 for whatever is not genuine, 413, 405, or 503: try again.

    Nothing but the status is sent back, except a provider's own challenge, and never a cookie.
    """
    try:
        return _answered(request, path)
    except (OperationalError, InterfaceError):
        logger.warning("A webhook could not be stored: the database does not answer.")
    except (CryptoError, WebhookError, SpecError, SystemFailure) as error:
        logger.error("A webhook could not be taken: %s", error)
    return _empty(503, {"Retry-After": str(RETRY_AFTER_S)})


hook.most_bytes = None  # type: ignore[attr-defined]  # it answers for MOST_BYTES itself


def _answered(request: HttpRequest, path: str) -> HttpResponse:
    if request.method in ("GET", "POST") and len(request.META["QUERY_STRING"]) <= LONGEST_QUERY:
        greeting = receive.greet(path, request.method, request.GET.dict())
        if greeting:
            return _response(greeting)
    if request.method != "POST":
        return _empty(405, {"Allow": "POST"})
    sender = _sender(request)
    body = _body(request)
    if body is None:
        receive.refuse_large(path, sender=sender)
        return _empty(413)
    delivery = Delivery(body=body, headers=tuple(request.headers.items()), url=store.address(path))
    return _response(receive.receive(path, delivery, sender=sender))


def _body(request: HttpRequest) -> bytes | None:
    """The raw body, or None if it is larger than a delivery may be."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return None
    try:
        body = request.body
    except RequestDataTooBig:
        return None
    return body if len(body) <= MOST_BYTES else None


def _response(answer: Answer) -> HttpResponse:
    if answer.challenge is None:
        return _empty(answer.status)
    return HttpResponse(
        answer.challenge,
        status=answer.status,
        content_type="text/plain; charset=utf-8",
        headers={"X-Content-Type-Options": "nosniff"},
    )


def _empty(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    response = HttpResponse(status=status, headers={"Content-Length": "0", **(headers or {})})
    del response["Content-Type"]
    # Django would log a line for each refusal: an address nobody should guess, and no end of lines
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _sender(request: HttpRequest) -> str:
    """The peer's address, or behind the proxy's socket what the proxy wrote last."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return (peer or forwarded.rsplit(",", 1)[-1].strip())[:45]
