"""Signing in: one small file for each way. `make` chooses by the description."""

from collections.abc import Mapping
from typing import Any

from connector.systems.auth.base import Auth
from connector.systems.auth.hmac import Hmac
from connector.systems.auth.oauth1 import OAuth1
from connector.systems.auth.oauth2 import OAuth2, TokenStore
from connector.systems.auth.session import Ask, Session
from connector.systems.auth.static import fixed
from connector.systems.context import Context
from connector.systems.hosts import Hosts
from connector.systems.spec_auth import HmacAuth, OAuth1Auth, OAuth2Auth, SessionAuth


def make(
    context: Context,
    credential: Mapping[str, Any],
    *,
    hosts: Hosts,
    ask: Ask,
    store: TokenStore | None,
) -> Auth:
    """The way of signing in that the system wants.

    Args:
        credential: in clear, as `auth.base.revealed` gives it.
        ask: makes a call that is not signed, for signing in.
    """
    auth = context.system.auth
    match auth:
        case SessionAuth():
            return Session(auth, context, credential, ask)
        case OAuth2Auth():
            return OAuth2(auth, context, credential, hosts, ask, store)
        case HmacAuth():
            return Hmac(auth, context, credential)
        case OAuth1Auth():
            return OAuth1(auth, context, credential)
        case _:
            return fixed(auth, context, credential)
