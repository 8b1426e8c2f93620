"""How much a page takes: what is longer is refused before it is read."""

from collections.abc import Callable
from typing import Any, TypeVar

ORDINARY = 2_500_000
View = TypeVar("View", bound=Callable[..., Any])


def takes(most_bytes: int) -> Callable[[View], View]:
    """Let a view take a longer body than the ordinary one. Its decorators stand above this one."""

    def decorate(view: View) -> View:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return decorate


def most_of(view: Callable[..., Any]) -> int | None:
    """The longest body that a view takes, in bytes; None if it answers for that itself."""
    most: int | None = getattr(view, "most_bytes", ORDINARY)
    return most
