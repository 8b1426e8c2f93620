"""How often somebody may be tried, counted by allauth's rate limits in the shared cache.

A person has few tries from one address, and more from all addresses together, by whichever name
they are asked for. The second limit does not hold at an address from which the person signed in
before: nobody can lock somebody else out for ever. `manage.py unlock` begins anew at once.
Figures: ACCOUNT_RATE_LIMITS.
"""

import time

from allauth.core import ratelimit
from allauth.core.internal.ratelimit import truncate_ip
from django.core.cache import cache
from django.http import HttpRequest

from appliance.accounts.backend import person
from appliance.accounts.models import User

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
    who = _who(name)
    here = ratelimit.consume(request, action=HERE, key=_here(request, who))
    return here and (
        cache.get(_known(request, who)) is not None
        or ratelimit.consume(request, action=ANYWHERE, key=_anywhere(who))
    )


def forget(request: HttpRequest, name: str) -> None:
    """The name's person was there: the tries before don't count any more."""
    who = _who(name)
    ratelimit.clear(request, action=HERE, key=_here(request, who))
    ratelimit.clear(request, action=ANYWHERE, key=_anywhere(who))
    cache.set(_known(request, who), True, KNOWN_S)


def unlock(user: User) -> None:
    """Let somebody be tried again from everywhere: they are counted anew under another key."""
    cache.set(_unlocked(_who(user.username)), time.time(), LONGEST_PAUSE_S * 2)
    ratelimit.clear(HttpRequest(), action=HERE, key=f"mfa-auth-user-{user.pk}")


def _who(name: str) -> str:
    found = person(name)
    return f"person {found.pk}" if found else f"name {name.lower()}"


def _here(request: HttpRequest, who: str) -> str:
    return f"{truncate_ip(client_address(request))} {_anywhere(who)}"


def _anywhere(who: str) -> str:
    return f"{who} {cache.get(_unlocked(who), 0)}"


def _known(request: HttpRequest, who: str) -> str:
    return f"known {truncate_ip(client_address(request))} {who}"


def _unlocked(who: str) -> str:
    return f"unlocked {who}"
