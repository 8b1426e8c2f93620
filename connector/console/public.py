"""How this box is reached from outside, for addresses that leave it."""

from django.conf import settings
from django.http import HttpRequest


def address(request: HttpRequest, path: str) -> str:
    """The address of a page as others may have it: in links, and where a system leads back to.

    It begins with PUBLIC_URL, which a production box always has: the Host header is what a client
    chose to send. A practice box that doesn't know its address takes the one that it was asked at.
    """
    base = str(settings.PUBLIC_URL or request.build_absolute_uri("/"))
    return f"{base.rstrip('/')}{path}"
