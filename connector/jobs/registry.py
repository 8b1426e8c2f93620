"""The closed list of what the worker runs: a row names a kind, never a function."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from django.conf import settings
from django.utils.module_loading import import_string

from connector.jobs.errors import UnknownKind
from connector.jobs.running import RunningJob

Args = Mapping[str, str | int]
Entry = Callable[[Args, RunningJob], object]


class Kind(StrEnum):
    """Kinds of job. The function of each is named by the setting CONNECTOR_JOBS."""

    FLOWS_RUN = "flows.run"
    FLOWS_HELD = "flows.held"
    FLOWS_DECIDE = "flows.decide"
    FLOWS_TEST = "flows.test"
    FLOWS_PREVIEW = "flows.preview"
    VAULT_USE = "vault.use"
    OAUTH_PREPARE = "oauth.prepare"
    OAUTH_EXCHANGE = "oauth.exchange"
    WEBHOOKS_PROCESS = "webhooks.process"
    KEYS_RESEAL = "keys.reseal"


# Kinds that only touch the database; the worker takes several of them at a time.
FAST = frozenset({Kind.WEBHOOKS_PROCESS})


def entry(kind: str) -> Entry:
    """The function that runs jobs of a kind.

    Raises:
        UnknownKind: the kind is not on the list, whatever the settings say.
    """
    found: Entry = import_string(settings.CONNECTOR_JOBS[known(kind)])
    return found


def known(kind: str) -> Kind:
    """The kind of this name.

    Raises:
        UnknownKind: there is none.
    """
    try:
        return Kind(kind)
    except ValueError:
        raise UnknownKind("the kind is not on the list of what the worker runs") from None
