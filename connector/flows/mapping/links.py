"""Links: "the destination's id of this source record", and back. The ledger answers them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connector.flows.mapping.errors import HeldError, Reason, bad_value
from connector.flows.mapping.paths import Path
from connector.flows.mapping.scope import Scope


@dataclass(frozen=True, slots=True)
class LinkKey:
    """One question to the ledger.

    Forward: which remote id of `object` has the record of `stream` with the key `parts`?
    Back: which source key of `stream` stands behind the remote id `parts[0]` of `object`?
    """

    stream: str
    object: str
    parts: tuple[str, ...]
    back: bool = False

    @property
    def wait_key(self) -> str:
        kind = "back" if self.back else "link"
        return ":".join((kind, self.stream, self.object, *self.parts))


@dataclass(frozen=True, slots=True)
class Link:
    """A link as written in a row. `paths` are the columns of the key, or the remote id."""

    stream: str
    object: str
    paths: tuple[Path, ...]
    back: bool
    missing: str

    def key(self, scope: Scope) -> LinkKey | None:
        """The question for one record, or None if a part of the key is null.

        Raises:
            HeldError: a part is neither text nor integer.
        """
        parts = []
        for path in self.paths:
            value = path.read(scope)
            if value is None or value == "":
                return None
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise bad_value(f"{path.text} is no key: it is neither text nor integer.", value)
            parts.append(str(value))
        return LinkKey(self.stream, self.object, tuple(parts), self.back)


def reader(link: Link) -> Callable[[Scope], Any]:
    """The source of a row with a link: the ledger's answer, looked up among those of the page."""

    def read(scope: Scope) -> str | None:
        key = link.key(scope)
        if key is None:
            return None
        found = scope.links.get(key)
        if found is None and link.missing == "hold":
            name = ":".join(key.parts)
            if link.back:
                text = f'No record of {link.stream} stands behind the {link.object} "{name}".'
            else:
                text = f'The {link.object} for "{name}" of {link.stream} is not there yet.'
            raise HeldError(Reason.NO_LINK, text, value=name, wait_key=key.wait_key)
        return found

    return read
