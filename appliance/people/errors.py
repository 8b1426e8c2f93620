"""What is refused about people.

NotPossible      the present state does not allow it; the message is safe to show
  LastOwner      the box would have nobody who may give access
LinkRefused      an invitation that is unknown, used, withdrawn or too old
"""


class NotPossible(Exception):
    """Nothing was changed."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LastOwner(NotPossible):
    """The box would have no active owner."""

    def __init__(self) -> None:
        super().__init__(
            "The box would have no active owner. Make somebody else an owner first. "
            "Nothing was changed."
        )


class LinkRefused(Exception):
    """The link does not work, and the page does not say why: all refusals look alike."""
