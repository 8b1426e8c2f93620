"""What every page of the console needs: who asks, what they may do, the menu, the theme."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from connector.console.access import abilities, role_of
from connector.crypto.errors import BadKeyring
from connector.crypto.keyring import get_keyring
from connector.flows import inbox

THEMES = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the menu."""

    title: str
    icon: str
    url: str
    current: bool
    waiting: int = 0


# title, icon, name of its page, ability; every page below its path counts as here
MAIN = (
    ("Overview", "layout-dashboard", "overview", "overview.see"),
    ("Inbox", "inbox", "inbox", "inbox.see"),
    ("Flows", "workflow", "flows", "flows.see"),
    ("Runs", "activity", "runs", "runs.see"),
    ("Deliveries", "send", "deliveries", "deliveries.see"),
)
BOX = (
    ("Connections", "cable", "connections", "connections.see"),
    ("Value maps", "table-properties", "maps", "maps.see"),
    ("Webhooks", "webhook", "webhooks", "webhooks.see"),
    ("Audit log", "scroll-text", "audit", "audit.see"),
    ("People", "users", "people", "people.change"),
    ("API tokens", "lock", "tokens", "tokens.own"),
)


def shell(request: HttpRequest) -> dict[str, object]:
    """The context processor of the settings. It asks the database only for what a page shows."""
    role = role_of(request) if hasattr(request, "user") else ""
    may = abilities(role)
    theme = request.COOKIES.get("theme", "system")
    return {
        "may": may,
        "theme": theme if theme in THEMES else "system",
        "zone": settings.TIME_ZONE,
        "box": SimpleLazyObject(_name_of_box),
        "box_version": settings.VERSION,
        "menu_main": SimpleLazyObject(lambda: _items(request, MAIN, may)),
        "menu_box": SimpleLazyObject(lambda: _items(request, BOX, may)),
    }


def _name_of_box() -> str:
    try:
        return f"box {get_keyring().cell[:8]}"
    except BadKeyring:
        return "box"  # an error page shows itself without keys, too


def _items(
    request: HttpRequest, lines: tuple[tuple[str, str, str, str], ...], may: frozenset[str]
) -> list[Item]:
    return [
        Item(
            title=title,
            icon=icon,
            url=(url := reverse(name)),
            current=request.path == url if url == "/" else request.path.startswith(url),
            waiting=inbox.waiting() if name == "inbox" else 0,
        )
        for title, icon, name, ability in lines
        if ability in may
    ]
