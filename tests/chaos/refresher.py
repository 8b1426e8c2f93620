"""A process that asks for a fresh token in so many threads, and says how far it has come."""

import json
import sys
import threading
import time
from typing import Any

import django

WINDOW_MS: list[float] = []  # from the answer to its being stored


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.db import connection as database

    from tests.database import the_server

    settings.DATABASES["default"]["NAME"] = the_server().database
    database.settings_dict["NAME"] = the_server().database
    from connector.flows.models import Connection
    from connector.vault.oauth import store

    connection = Connection.objects.get(slug=sys.argv[1])
    _tell_of(store)
    database.close()
    _say("ready")
    threads = int(sys.stdin.readline())
    tokens: list[str] = []
    errors: list[str] = []
    workers = [
        threading.Thread(target=_one, args=(connection, tokens, errors)) for _ in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    _say(json.dumps({"tokens": tokens, "errors": errors, "window_ms": WINDOW_MS}))
    sys.stdin.readline()


def _one(connection: Any, tokens: list[str], errors: list[str]) -> None:
    from django.db import connection as database

    from connector.flows import clients
    from connector.flows.errors import FlowsError
    from connector.systems.errors import SystemFailure

    try:
        with clients.open_client(connection, purpose="chaos", actor="worker") as client:
            client.read_page("items", position=None, mark="")
            tokens.append(client._caller.auth.values()["access_token"])
    except (SystemFailure, FlowsError) as failure:
        errors.append(failure.message)
    finally:
        database.close()


def _tell_of(store: Any) -> None:
    """Say when the system is asked, when its answer is here, and when it is stored."""
    refreshed, commit, answered_at = store.fresh, store._commit, [0.0]

    def fresh(holder: Any, refresh: Any, **more: Any) -> Any:
        def told(token: Any) -> Any:
            _say("asked")
            answer = refresh(token)
            answered_at[0] = time.perf_counter()
            _say("answered")
            return answer

        return refreshed(holder, told, **more)

    def stored(*args: Any, **more: Any) -> None:
        commit(*args, **more)
        WINDOW_MS.append(round((time.perf_counter() - answered_at[0]) * 1000, 2))
        _say("stored")

    store.fresh, store._commit = fresh, stored


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
