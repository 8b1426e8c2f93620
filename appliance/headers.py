"""Headers on every answer, whatever made it: what browsers may do with it, and keep of it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]

# https://github.com/w3c/webappsec-permissions-policy/blob/main/features.md
_NOTHING_OF = (
    *("accelerometer", "ambient-light-sensor", "attribution-reporting", "autoplay", "battery"),
    *("bluetooth", "browsing-topics", "camera", "clipboard-read", "compute-pressure"),
    *("cross-origin-isolated", "display-capture", "encrypted-media", "fullscreen", "gamepad"),
    *("geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection"),
    *("keyboard-map", "local-fonts", "magnetometer", "microphone", "midi", "otp-credentials"),
    *("payment", "picture-in-picture", "screen-wake-lock", "serial", "speaker-selection"),
    *("storage-access", "usb", "web-share", "window-management", "xr-spatial-tracking"),
)
_OURS = ("publickey-credentials-create", "publickey-credentials-get", "clipboard-write")
ALWAYS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        [*(f"{name}=()" for name in _NOTHING_OF), *(f"{name}=(self)" for name in _OURS)]
    ),
    "X-Permitted-Cross-Domain-Policies": "none",
}


def headers(get_response: Answer) -> Answer:
    """Add what an answer does not have. Nothing but static files may be kept by anybody.

    It stands first in MIDDLEWARE, so that refusals and errors have the headers as well.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer = get_response(request)
        for name, value in ALWAYS.items():
            answer.headers.setdefault(name, value)
        if not request.path.startswith(settings.STATIC_URL):
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    return middleware
