"""The face of a connected system: what a run, a test and a look-up ask of it."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from connector.crypto.secret import Secret
from connector.systems.outcomes import (
    CheckResult,
    FindResult,
    Outcome,
    Page,
    Prepared,
    ReadBack,
)
from connector.systems.spec import System
from connector.systems.spec_fields import Fields


class Client:
    """One account at one system, for the length of one run. Safe to use from many threads.

    Tokens and sessions live in it and end with it. `hosts` is what the credential is bound to.
    Only calls marked as reading leave it when it is `read_only`.
    """

    def __init__(
        self,
        system: System,
        *,
        settings: Mapping[str, Any],
        credential: Mapping[str, Secret],
        hosts: Sequence[str],
        zone: str | None,
        bucket: str,
        credential_bucket: str = "",
        read_only: bool = False,
    ) -> None:
        self.system = system

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        raise NotImplementedError

    def check(self) -> CheckResult:
        raise NotImplementedError

    def read_page(
        self, stream: str, *, position: Mapping[str, Any] | None, mark: str, full: bool = False
    ) -> Page:
        raise NotImplementedError

    def read_one(self, stream: str, id: str) -> Mapping[str, Any] | None:  # noqa: A002
        raise NotImplementedError

    def acknowledge(self, stream: str, batch: Sequence[Mapping[str, Any]], *, key: str) -> None:
        raise NotImplementedError

    def record_key(self, stream: str, record: Mapping[str, Any]) -> str:
        raise NotImplementedError

    def prepare_create(
        self, object: str, values: Mapping[str, Any], *, key: str, external_id: str  # noqa: A002
    ) -> Prepared:
        raise NotImplementedError

    def prepare_update(
        self,
        object: str,  # noqa: A002
        values: Mapping[str, Any],
        *,
        remote_id: str,
        take: Mapping[str, Any],
        key: str,
        external_id: str = "",
        current: ReadBack | None = None,
    ) -> Prepared:
        raise NotImplementedError

    def send(self, prepared: Prepared) -> Outcome:
        raise NotImplementedError

    def finish(
        self,
        object: str,  # noqa: A002
        values: Mapping[str, Any],
        *,
        verb: str,
        remote_id: str,
        take: Mapping[str, Any],
        key: str,
        external_id: str = "",
        done: int = 0,
        resumed: bool = False,
        on_step: Callable[[int], None],
    ) -> Outcome:
        raise NotImplementedError

    def find(self, object: str, values: Mapping[str, Any], *, external_id: str) -> FindResult:  # noqa: A002
        raise NotImplementedError

    def read_back(self, object: str, remote_id: str) -> ReadBack | None:  # noqa: A002
        raise NotImplementedError

    def may_repeat(self, object: str, verb: str) -> bool:  # noqa: A002
        raise NotImplementedError

    def can_find(self, object: str) -> bool:  # noqa: A002
        raise NotImplementedError

    def field_types(self, object: str) -> Fields:  # noqa: A002
        raise NotImplementedError

    def stream_fields(self, stream: str) -> Fields:
        raise NotImplementedError
