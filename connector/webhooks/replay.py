"""Hand an event to its flows once more, because a person asks for it."""

from django.db import transaction

from connector.audit import log
from connector.audit.actions import Action
from connector.webhooks import receive, store
from connector.webhooks.errors import NotReplayable
from connector.webhooks.models import Event


@transaction.atomic
def replay(event: Event, *, actor: str) -> None:
    """Put a processed event back in line. The ledger sees to it that nothing is posted twice.

    Raises:
        NotReplayable: it is waiting already, or says nothing that a flow could use.
    """
    changed = Event.objects.filter(pk=event.pk, state=Event.State.PROCESSED).update(
        state=Event.State.RECEIVED, run=None, processed_at=None
    )
    if not changed:
        raise NotReplayable("Only an event that was processed can be replayed.")
    log.record(
        Action.WEBHOOK_REPLAYED,
        actor=actor,
        subject=store.subject(event.endpoint),
        endpoint=event.endpoint.slug,
        event=event.event_id,
    )
    receive.enqueue(event.endpoint)
