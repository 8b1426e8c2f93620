"""A text that shows itself to nobody: printed, logged, formatted or inspected it is "***"."""

from typing import NoReturn

from connector.crypto import mac
from connector.crypto.errors import Forgotten

MASK = "***"


class Secret:
    """A secret text. `reveal()` is the only way out, so a search for that word finds every use.

    It can't be pickled, copied, hashed or written as JSON, and it compares in
    constant time with another Secret only. Once forgotten it reveals nothing.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a Secret is made of text, not of {type(text).__name__}")
        if text.encode(errors="ignore").decode() != text:
            raise ValueError("a Secret can't hold half a surrogate pair")
        self.__text: str | None = text

    def reveal(self) -> str:
        """The text itself. Keep it in no variable that outlives the call it is needed for.

        Raises:
            Forgotten: the time for which it was opened is over.
        """
        if self.__text is None:
            raise Forgotten("A secret was asked for after it had been put away.")
        return self.__text

    def reveal_bytes(self) -> bytes:
        """The text in UTF-8. Raises Forgotten as `reveal` does."""
        return self.reveal().encode()

    def forget(self) -> None:
        """Let go of the text; from now on nothing gets it from here."""
        self.__text = None

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return mac.equal(self.reveal_bytes(), other.reveal_bytes())

    def __hash__(self) -> int:
        raise TypeError("a Secret can't be hashed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret can't be pickled or copied")
