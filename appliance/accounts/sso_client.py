"""How web calls the provider of single sign-on: through the guarded client, to its hosts alone."""

from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from connector.systems.addresses import Guard
from connector.systems.errors import SystemFailure
from connector.systems.hosts import Hosts
from connector.systems.transport import Bounds, NoAnswer, NothingSent, Transport

NAME = "The provider of single sign-on"
BOUNDS = Bounds(connect_s=5, total_s=15, answer_bytes=1_048_576)
SET_BY_TRANSPORT = {"accept-encoding", "connection", "user-agent", "content-length"}
MOST_HOPS = 3


def session() -> requests.Session:
    """A session of requests that has no other way out."""
    calls = requests.Session()
    calls.trust_env = False
    calls.max_redirects = MOST_HOPS
    calls.adapters.clear()
    calls.mount("https://", _Guarded())
    calls.mount("http://", _Guarded())
    return calls


class _Guarded(BaseAdapter):
    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        """Make one call.

        Raises:
            requests.ConnectionError: it was not allowed, or no whole answer came.
        """
        names = (urlsplit(settings.SSO_ISSUER).netloc.lower(), *settings.SSO_HOSTS)
        guard = Guard.of(
            settings.CONNECTOR_ALLOWED_PRIVATE_HOSTS, loopback=settings.CONNECTOR_ALLOW_LOOPBACK
        )
        transport = Transport(Hosts(names, names, NAME, guard.loopback), guard, BOUNDS)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in SET_BY_TRANSPORT
        }
        body = request.body.encode() if isinstance(request.body, str) else request.body
        try:
            reply = transport.send(
                request.method,
                transport.hosts.target(request.url),
                headers=headers,
                private={},
                body=body,
            )
        except (SystemFailure, NothingSent, NoAnswer) as why:
            raise requests.ConnectionError(str(why)) from None
        finally:
            transport.close()
        answer = requests.Response()
        answer.status_code = reply.status
        answer.headers = CaseInsensitiveDict(reply.headers)
        answer.url, answer.request = request.url, request
        answer._content = reply.body
        return answer

    def close(self) -> None:
        """Nothing is kept."""
