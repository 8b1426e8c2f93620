"""How often a name may be tried, counted by allauth's rate limits in the shared cache.

A name has few tries from one address, and more from all addresses together. The second limit
does not hold at an address from which the person signed in before: nobody can lock somebody
else out for ever. `manage.py unlock` begins anew at once. Figures: ACCOUNT_RATE_LIMITS.
"""

import time

from allauth.core import ratelimit
from allauth.core.internal.ratelimit import truncate_ip
from django.core.cache import cache
from django.http import HttpRequest

HERE, ANYWHERE = "login_failed", "name_failed"
LONGEST_PAUSE_S = 900
KNOWN_S = 30 * 86_400


def client_address(request: HttpRequest) -> str:
    """Where a request comes from: the peer, or what the proxy in front of our socket wrote last.

    A peer with an address is no proxy of ours: what it says of others is not believed.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if peer:
        return peer[:45]
    return str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", 1)[-1].strip()[:45]


def take(request: HttpRequest, name: str) -> bool:
    """Count a try before it is looked at; False if there is none left."""
    here = ratelimit.consume(request, action=HERE, key=_here(request, name))
    return here and (
        cache.get(_known(request, name)) is not None
        or ratelimit.consume(request, action=ANYWHERE, key=_anywhere(name))
    )


def forget(request: HttpRequest, name: str) -> None:
    """The name's person was there: the tries before don't count any more."""
    ratelimit.clear(request, action=HERE, key=_here(request, name))
    ratelimit.clear(request, action=ANYWHERE, key=_anywhere(name))
    cache.set(_known(request, name), True, KNOWN_S)


def unlock(name: str) -> None:
    """Let a name be tried again from everywhere: it is counted anew under another key."""
    cache.set(f"unlocked {name.lower()}", time.time(), LONGEST_PAUSE_S * 2)


def unlock_second_factor(user_id: int) -> None:
    """The same for the codes of somebody whose password was right."""
    ratelimit.clear(HttpRequest(), action=HERE, key=f"mfa-auth-user-{user_id}")


def _here(request: HttpRequest, name: str) -> str:
    return f"{truncate_ip(client_address(request))} {_anywhere(name)}"


def _anywhere(name: str) -> str:
    return f"{name.lower()} {cache.get(f'unlocked {name.lower()}', 0)}"


def _known(request: HttpRequest, name: str) -> str:
    return f"known {truncate_ip(client_address(request))} {name.lower()}"
