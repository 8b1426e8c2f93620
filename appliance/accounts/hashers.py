"""How passwords are hashed (S10)."""

from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher, ScryptPasswordHasher

# Twenty people at once must not cost 20 times the memory of one.
_AT_ONCE = BoundedSemaphore(2)
MIB = 1024 * 1024


class Scrypt(ScryptPasswordHasher):
    """scrypt with N=2^17, r=8, p=1: 128 MiB a hash. Others are verified, and renewed at sign-in.

    The salt has 21 characters of 62 (125 bits) in place of Django's 22, so that a hash
    fits the 128 characters of its column.

    Source: OWASP Password Storage Cheat Sheet. OpenSSL needs a little more than
    128 * N * r bytes, so the bound is 132 MiB.
    """

    work_factor = 2**17
    block_size = 8
    parallelism = 1
    maxmem = 132 * MIB
    salt_entropy = 120

    def encode(self, *args: Any, **options: Any) -> str:
        with _AT_ONCE:
            return super().encode(*args, **options)

    def verify(self, password: str, encoded: str) -> bool:
        """Whether the password fits. A hash that needs more memory than the bound never does."""
        try:
            return super().verify(password, encoded)
        except (ValueError, MemoryError):  # OpenSSL's refusal, or parameters that are no numbers
            return False

    def must_update(self, encoded: str) -> bool:
        try:
            return super().must_update(encoded)
        except ValueError:
            return True


class Argon2(Argon2PasswordHasher):
    """Argon2id hashes that came from elsewhere: accepted, and turned into scrypt at sign-in."""

    def verify(self, password: str, encoded: str) -> bool:
        with _AT_ONCE:
            return super().verify(password, encoded)
