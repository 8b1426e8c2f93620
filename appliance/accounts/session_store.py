"""Sessions as Django's middleware asks for them: signed keys, of which only hashes are stored.

A key is 32 random characters and a signature, so that what was made up is refused before
the database is asked. The content is sealed for its row under a key that web alone holds.
A session ends after SESSION_IDLE_S without a request, and after SESSION_COOKIE_AGE at the latest.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from appliance.accounts.models import Session
from connector.crypto import envelope, mac
from connector.crypto.errors import CannotOpen, NotHeld, UnknownKey
from connector.crypto.keyring import Domain

KEY_CHARACTERS = 32
_signer = signing.Signer(salt="appliance.accounts.session_store")


class SessionStore(SessionBase):
    """One browser's session."""

    seen_at: datetime | None = None

    def load(self) -> dict[str, Any]:
        """What is in it; an empty, new one if it is over, unknown, or does not open."""
        row = alive().filter(key_hash=hash_of(self.session_key)).first()
        try:
            if row:
                plain = envelope.open_sealed(
                    Domain.PEOPLE, bytes(row.content), place=_place(bytes(row.key_hash))
                )
                self.seen_at = row.seen_at
                return dict(self.serializer().loads(plain))
        except (CannotOpen, UnknownKey, NotHeld):
            pass  # as if it had ended: its person signs in again
        self._session_key = None
        return {}

    def exists(self, session_key: str | None) -> bool:
        return Session.objects.filter(key_hash=hash_of(session_key)).exists()

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Write it.

        Raises:
            CreateError: a new one whose key is taken.
            UpdateError: it was ended in the meantime; nothing brings it back.
        """
        if self.session_key is None:
            return self.create()
        content = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        key_hash = hash_of(self.session_key)
        sealed = envelope.seal(
            Domain.PEOPLE, self.serializer().dumps(content), place=_place(key_hash)
        )
        user = int(content[SESSION_KEY]) if SESSION_KEY in content else None
        if must_create:
            return self._insert(key_hash, sealed, user)
        if not Session.objects.filter(key_hash=key_hash).update(content=sealed, user_id=user):
            raise UpdateError
        return None

    def delete(self, session_key: str | None = None) -> None:
        Session.objects.filter(key_hash=hash_of(session_key or self.session_key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        idle, old = _limits()
        Session.objects.filter(Q(seen_at__lte=idle) | Q(created_at__lte=old)).delete()

    def _insert(self, key_hash: bytes, sealed: bytes, user: int | None) -> None:
        self.clear_expired()  # strangers begin sessions too: what they leave behind goes at once
        now = timezone.now()
        row = Session(
            key_hash=key_hash,
            id=uuid.uuid4(),
            content=sealed,
            user_id=user,
            created_at=now,
            seen_at=now,
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise CreateError from None

    def _get_new_session_key(self) -> str:
        return _signer.sign(get_random_string(KEY_CHARACTERS))

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key) and _is_ours(str(key))


def alive() -> QuerySet[Session]:
    """The sessions that neither stood idle too long nor are too old."""
    idle, old = _limits()
    return Session.objects.filter(seen_at__gt=idle, created_at__gt=old)


def _limits() -> tuple[datetime, datetime]:
    now = timezone.now()
    return (
        now - timedelta(seconds=settings.SESSION_IDLE_S),
        now - timedelta(seconds=settings.SESSION_COOKIE_AGE),
    )


def hash_of(session_key: str | None) -> bytes:
    """What the database has of a key. The key has 165 random bits: a plain hash will do."""
    return mac.sha256((session_key or "").encode())


def _is_ours(key: str) -> bool:
    try:
        return len(_signer.unsign(key)) == KEY_CHARACTERS
    except signing.BadSignature:
        return False


def _place(key_hash: bytes) -> envelope.Place:
    return envelope.Place("accounts_session", key_hash.hex(), "content")
