"""Inviting somebody by a link that is shown once, and what becomes of the link."""

from datetime import timedelta
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from appliance.accounts.models import User
from appliance.people.errors import LinkRefused, NotPossible
from appliance.people.models import Invitation
from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import mac
from connector.crypto.secret import Secret

LIFE = timedelta(hours=72)


@transaction.atomic
def create(*, email: str, role: str, maker: User, actor: str) -> Secret:
    """Make a link for one address and role, and return its token. An earlier link ends.

    Raises:
        NotPossible: somebody has an account of this name.
    """
    email = email.lower()
    if User.objects.filter(Q(username__iexact=email) | Q(email__iexact=email)).exists():
        raise NotPossible(f"{email} has an account already. Change its role instead.")
    _unused().filter(email=email).update(withdrawn_at=timezone.now())
    token = mac.token()
    row = Invitation.objects.create(
        id=uuid4(),
        token_hash=mac.sha256(token.encode()),
        email=email,
        role=role,
        maker=maker,
        expires_at=timezone.now() + LIFE,
    )
    log.record(
        Action.INVITATION_CREATED,
        actor=actor,
        subject=_subject(row),
        email=email,
        role=role,
        expires=row.expires_at,
    )
    return Secret(token)


@transaction.atomic
def withdraw(invitation: Invitation, *, actor: str) -> bool:
    """End a link. False if it had ended, or was used."""
    changed = _unused().filter(pk=invitation.pk).update(withdrawn_at=timezone.now())
    if changed:
        log.record(
            Action.INVITATION_WITHDRAWN,
            actor=actor,
            subject=_subject(invitation),
            email=invitation.email,
        )
    return bool(changed)


def still_open() -> QuerySet[Invitation]:
    """Links that work now. They end with the right of whoever made them to invite people."""
    return _unused().filter(
        expires_at__gt=timezone.now(), maker__is_active=True, maker__role=User.Role.OWNER
    )


def of(token: str) -> Invitation | None:
    """The invitation of a link, if it works now."""
    return still_open().filter(token_hash=mac.sha256(token.encode())).first()


@transaction.atomic
def accept(token: str, *, name: str, password: str) -> User:
    """Use the link: make the account that it is for. Only once, however many try at a time.

    Raises:
        LinkRefused: it is unknown, used, withdrawn or too old; nothing was changed.
    """
    found = of(token)
    # The update is what decides: of several at once, one changes the row.
    if found is None or not _unused().filter(pk=found.pk).update(used_at=timezone.now()):
        raise LinkRefused
    first, _, last = name.strip().partition(" ")
    try:
        with transaction.atomic():
            person = User.objects.create_user(
                username=found.email,
                email=found.email,
                password=password,
                first_name=first,
                last_name=last,
                role=found.role,
            )
    except IntegrityError:  # somebody got an account of this name in the meantime
        raise LinkRefused from None
    log.record(
        Action.INVITATION_ACCEPTED,
        actor=person.username,
        subject=_subject(found),
        email=found.email,
        role=found.role,
    )
    return person


def _unused() -> QuerySet[Invitation]:
    return Invitation.objects.filter(used_at=None, withdrawn_at=None)


def _subject(row: Invitation) -> str:
    return f"invitation:{row.pk}"
