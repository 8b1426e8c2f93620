"""What the vault refuses.

VaultError
  CredentialGone       it was deleted, or never was there
  CredentialRefused    the sealed secret is not for this row, system or host: nothing was opened
  NothingPending       no new version waits for its test
  BadFields            the fields given are not a secret: missing, empty or with odd characters
"""


class VaultError(Exception):
    """Something was refused; the message is safe to show."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CredentialGone(VaultError):
    """The credential was deleted, or has no current version."""


class CredentialRefused(VaultError):
    """The sealed secret does not belong to this row, system or host. Enter the credential again."""


class NothingPending(VaultError):
    """No new version of the credential waits for its test."""


class BadFields(VaultError):
    """The fields given can't be a secret."""
