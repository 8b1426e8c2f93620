"""What stands in the way of a token.

VaultError
  NotGranted         nobody has granted access yet
  ConnectAgain       access was granted once and is over; only a person can change that
  NotNow             the system could not answer; the tokens are as they were
  Refused            an authorization that does not go on: used, too old, of somebody else
"""

from connector.vault.errors import VaultError


class NotGranted(VaultError):
    """Nobody has granted access for this credential yet."""


class ConnectAgain(VaultError):
    """The system does not accept what was granted. Nothing is tried until a person connects."""


class NotNow(VaultError):
    """The system could not be asked; another try in `wait_s` seconds may go well.

    `answered`: it did answer, so nothing that it gave can have been lost.
    """

    def __init__(self, message: str, *, wait_s: float, answered: bool = False) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.answered = answered


class Refused(VaultError):
    """An authorization is not good for this step. Nothing was exchanged."""
