"""What programs of strangers ask for: whom to tell of a weakness, and what they may read."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from connector.console.access import everybody

_GOOD_FOR = timedelta(days=180)  # RFC 9116 asks for less than a year


@everybody("strangers are to know whom to tell of a weakness")
def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116. There is none where the operator has given no contact."""
    contact = settings.CONNECTOR_SECURITY_CONTACT
    if not contact:
        raise Http404
    until = (timezone.now() + _GOOD_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"Contact: {contact}", f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}"]
    if settings.PUBLIC_URL:
        lines.append(f"Canonical: {settings.PUBLIC_URL.rstrip('/')}{request.path}")
    return _text(*lines, "Preferred-Languages: en")


@everybody("search engines are told to stay away")
def robots_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9309."""
    return _text("User-agent: *", "Disallow: /")


def check_contact(**_: Any) -> Sequence[CheckMessage]:
    """The contact is one that RFC 9116 allows, in one line."""
    contact = settings.CONNECTOR_SECURITY_CONTACT
    starts = contact.startswith(("mailto:", "https://", "tel:"))
    if contact and not (starts and contact.isascii() and contact.isprintable()):
        text = "CONNECTOR_SECURITY_CONTACT must start with mailto:, https:// or tel:"
        return [Error(text, id="appliance.E001")]
    return []


def _text(*lines: str) -> HttpResponse:
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
