"""The theme: as the system, light, dark."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from connector.console.access import allowed
from connector.console.context import THEMES

YEAR_S = 365 * 86_400


@require_POST
@allowed("overview.see")
def change(request: HttpRequest) -> HttpResponse:
    """Take the next theme and go back to the page."""
    now = request.COOKIES.get("theme", THEMES[0])
    after = THEMES[(THEMES.index(now) + 1) % len(THEMES)] if now in THEMES else THEMES[0]
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    answer = redirect(target)
    answer.set_cookie(
        "theme", after, max_age=YEAR_S, samesite="Strict", httponly=True, secure=request.is_secure()
    )
    return answer
