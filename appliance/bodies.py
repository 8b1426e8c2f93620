"""A body that is too long for its page is refused before anything reads it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from connector.console.bodies import most_of


class Bounded:
    """It stands before whatever looks into a form, as the check of its token does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> HttpResponse | None:
        """Compare what the request says of its length; a body without a length is not read."""
        most = most_of(view)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if most is None or (length.isascii() and length.isdecimal() and int(length) <= most):
            return None
        return render(request, "413.html", status=413)
