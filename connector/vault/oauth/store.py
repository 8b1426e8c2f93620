"""Tokens that were granted: kept, and refreshed by one at a time. Only the worker can do this.

What happens when the worker dies, at each point of a refresh:

    before the system was asked        nothing; the next one asks
    asked, no answer                   the next one asks again with the old refresh token. If the
                                       system had already changed it, it says so: connect again
    answer received, not yet stored    as above; between the two lies nothing but sealing and one
                                       commit, so a system that takes a just replaced token once
                                       more (most do) makes good for it
    stored                             nothing: the new tokens are there, the lock is gone
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import vault_box
from connector.crypto.errors import CryptoError
from connector.crypto.secret import Secret
from connector.vault import trail
from connector.vault.models import Credential
from connector.vault.oauth.errors import ConnectAgain, NotGranted, NotNow
from connector.vault.oauth.lock import borrowed_connection, refreshing
from connector.vault.oauth.models import Grant

_OTHER = "other."
_ACCESS, _REFRESH = "access_token", "refresh_token"
LOST = "the answer to a refresh was lost"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Tokens. From `renew_at` on they should be refreshed, at `expires_at` they end."""

    access_token: Secret
    refresh_token: Secret | None
    expires_at: datetime
    renew_at: datetime
    others: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Holder:
    """An opened credential. `own`: tokens count for just its version, as pasted ones do.

    `trial`: it waits for its test. It must show that it can refresh, and if it can't, that
    says nothing against what was granted.
    """

    credential: UUID
    version: int
    system: str
    hosts: tuple[str, ...]
    own: bool = False
    trial: bool = False


def fresh(
    holder: Holder,
    refresh: Callable[[Secret], Bundle],
    *,
    refused: Secret | None,
    first: Secret | None,
    actor: str,
) -> Bundle:
    """Tokens that are good now. Who finds a refresh under way waits, and uses what it gave.

    Args:
        refresh: asks the system, outside of every transaction. It may raise NotNow, and
            ConnectAgain if the system does not take the refresh token.
        refused: an access token that the system did not accept; never given again.
        first: the refresh token to begin with where there are no tokens yet.

    Raises:
        NotGranted, ConnectAgain: for a person.
        NotNow: for later.
    """
    with borrowed_connection():
        grant = _grant(holder)
        kept = _good(grant, holder, refused, actor=actor)
        if kept is not None:
            return kept
        with refreshing(holder.credential):
            grant = _grant(holder)
            kept = _good(grant, holder, refused, actor=actor)
            return kept or _refreshed(grant, holder, refresh, first, actor=actor)


@transaction.atomic
def keep(holder: Holder, bundle: Bundle, *, granted_by: str, actor: str) -> Grant:
    """Keep what a person just granted, in place of all that was granted before."""
    row = Credential.objects.select_for_update().get(pk=holder.credential)
    row.grants.all().delete()
    grant = _new(holder, bundle, granted_by=granted_by)
    log.record(Action.OAUTH_CONNECTED, actor=actor, subject=trail.subject(row.pk), label=row.label)
    return grant


def _grant(holder: Holder) -> Grant | None:
    rows = Grant.objects.select_related("credential").filter(credential=holder.credential)
    if holder.own:
        rows = rows.filter(version=holder.version)
    return rows.order_by("-version").first()


def _good(
    grant: Grant | None, holder: Holder, refused: Secret | None, *, actor: str
) -> Bundle | None:
    """The tokens at hand, if they can be used as they are."""
    if grant is None:
        return None
    _refuse_if_over(grant)
    if holder.trial or timezone.now() >= grant.renew_at:
        return None
    bundle = _open(grant, holder, actor=actor)
    return None if refused is not None and refused == bundle.access_token else bundle


def _refreshed(
    grant: Grant | None,
    holder: Holder,
    refresh: Callable[[Secret], Bundle],
    first: Secret | None,
    *,
    actor: str,
) -> Bundle:
    old = _open(grant, holder, actor=actor) if grant else None
    token = old.refresh_token if old else first
    if token is None:
        if grant is None:
            raise NotGranted("Nobody has granted access yet; connect it.")
        raise _over(grant, "the access token has ended, and no refresh token came with it", actor)
    lost = grant is not None and _ask(grant)
    try:
        new = refresh(token)
    except ConnectAgain as refusal:
        if grant is None or holder.trial:
            raise
        raise _over(
            grant, f"{LOST}; {refusal.message}" if lost else refusal.message, actor
        ) from None
    except NotNow as later:
        if grant is not None:
            _wait(grant, later)
        raise
    if new.refresh_token is None:  # the old one stays good
        new = Bundle(new.access_token, token, new.expires_at, new.renew_at, new.others)
    _commit(grant, holder, new, actor=actor)
    return new


def _ask(grant: Grant) -> bool:
    """Write down that the system is asked; True if the answer to the last time never came."""
    now = timezone.now()
    if grant.not_before is not None and grant.not_before > now:
        wait_s = (grant.not_before - now).total_seconds()
        raise NotNow("The access token could not be refreshed a moment ago.", wait_s=wait_s)
    with transaction.atomic(durable=True):
        Grant.objects.filter(pk=grant.pk).update(asked_at=now)
    return grant.asked_at is not None


def _wait(grant: Grant, later: NotNow) -> None:
    grant.not_before = timezone.now() + timedelta(seconds=later.wait_s)
    grant.asked_at = None if later.answered else timezone.now()
    grant.save(update_fields=["not_before", "asked_at"])


def _commit(grant: Grant | None, holder: Holder, new: Bundle, *, actor: str) -> None:
    """Before anything else is done with the answer: seal it, store it, and wait for the disk."""
    with transaction.atomic(durable=True):
        if grant is None:
            grant = _new(holder, new, granted_by=actor)
        else:
            Grant.objects.filter(pk=grant.pk).update(
                sealed=_sealed(new, grant),
                expires_at=new.expires_at,
                renew_at=new.renew_at,
                refreshes=grant.refreshes + 1,
                refreshed_at=timezone.now(),
                asked_at=None,
                not_before=None,
            )
        log.record(
            Action.OAUTH_REFRESHED,
            actor=actor,
            subject=trail.subject(holder.credential),
            label=grant.credential.label,
        )


def _new(holder: Holder, bundle: Bundle, *, granted_by: str) -> Grant:
    grant = Grant(
        credential=Credential.objects.get(pk=holder.credential),
        version=holder.version,
        hosts=sorted(holder.hosts),
        expires_at=bundle.expires_at,
        renew_at=bundle.renew_at,
        granted_by=granted_by[:150],
    )
    grant.sealed = _sealed(bundle, grant)
    grant.save(force_insert=True)
    return grant


def _sealed(bundle: Bundle, grant: Grant) -> bytes:
    fields = {_ACCESS: bundle.access_token}
    if bundle.refresh_token is not None:
        fields[_REFRESH] = bundle.refresh_token
    fields |= {_OTHER + name: Secret(text) for name, text in bundle.others.items()}
    return vault_box.wrap(fields, binding=grant.binding)


def _open(grant: Grant, holder: Holder, *, actor: str) -> Bundle:
    try:
        if not vault_box.is_wrapped(bytes(grant.sealed)):
            raise _over(grant, "what is stored was not written by the worker", actor)
        fields = vault_box.open_box(bytes(grant.sealed), expected=grant.binding)
    except CryptoError:
        raise _over(grant, "what is stored was not written by the worker", actor) from None
    if grant.credential.system != holder.system or not set(holder.hosts) <= set(grant.hosts):
        raise _over(grant, "it was granted for other hosts", actor)
    return Bundle(
        fields[_ACCESS],
        fields.get(_REFRESH),
        grant.expires_at,
        grant.renew_at,
        {
            name.removeprefix(_OTHER): one.reveal()
            for name, one in fields.items()
            if name.startswith(_OTHER)
        },
    )


def _refuse_if_over(grant: Grant) -> None:
    if grant.state == Grant.State.CONNECT_AGAIN:
        raise _again(grant.problem)


def _over(grant: Grant, reason: str, actor: str) -> ConnectAgain:
    """Write down that only a person can help; from now on nobody asks the system."""
    with transaction.atomic(durable=True):
        changed = Grant.objects.filter(pk=grant.pk, state=Grant.State.OK).update(
            state=Grant.State.CONNECT_AGAIN, problem=reason[:300]
        )
        if changed:
            log.record(
                Action.OAUTH_CONNECT_AGAIN,
                actor=actor,
                subject=trail.subject(grant.credential_id),
                label=grant.credential.label,
                reason=reason[:200],
            )
    return _again(reason)


def _again(reason: str) -> ConnectAgain:
    return ConnectAgain(f"Access has ended: {reason.rstrip('.')}. Connect it again.")
