"""What can go wrong with keys and sealed bytes. No text here holds a key, a secret or a payload.

CryptoError
  CannotOpen         the bytes were changed, moved, cut short, or sealed for something else
    UnknownFormat    written in a format that this version does not read; it is never guessed
  UnknownKey         sealed under a key that this keyring does not have; names the key id
  NotHeld            this process does not hold that kind of key, on purpose
  BadKeyring         the keyring itself can't be used; says what to do about it
  BadSigningKey      a key that a person entered can't sign as it should
  Forgotten          a secret was asked for after the block that had opened it
"""


class CryptoError(Exception):
    """Base of this floor's errors; its text is safe to show, to log and to store."""


class CannotOpen(CryptoError):
    """The bytes were changed, moved, cut short, or sealed for something else."""


class UnknownFormat(CannotOpen):
    """The bytes start with a format version that this version of the product does not read."""


class UnknownKey(CryptoError):
    """The bytes name a key that this keyring does not have."""

    def __init__(self, domain: str, key_id: str) -> None:
        super().__init__(
            f"The key {key_id} of the domain {domain} is not in this keyring. It was retired, or "
            "the keyring of another box is in place: put back the keyring that holds this key."
        )
        self.domain = domain
        self.key_id = key_id


class NotHeld(CryptoError):
    """This process does not hold that kind of key, on purpose."""


class BadKeyring(CryptoError):
    """The keyring can't be used; the text says what to do about it."""


class BadSigningKey(CryptoError):
    """A private key or certificate that a person entered can't be used; the text says why."""


class Forgotten(CryptoError):
    """A secret was asked for after the time for which it was opened."""
