"""What the worker does when a person grants access: make the address, exchange the code."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.crypto import envelope, vault_box
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.flows import clients, connections, tokens
from connector.flows.errors import BadDefinition, FlowsError
from connector.flows.models import Connection
from connector.jobs.registry import Args
from connector.jobs.running import RunningJob
from connector.systems.errors import SystemFailure
from connector.vault.models import CredentialVersion
from connector.vault.oauth import authorize, store
from connector.vault.oauth.models import Authorization
from connector.vault.oauth.store import Bundle, Holder

State = Authorization.State
ACTOR = "worker"
KEPT_FOR = timedelta(days=1)
_LOST = "The answer to the exchange was lost. Connect again."


def prepare(args: Args, job: RunningJob) -> None:
    """Make the address to send the person to, with what only the worker can open."""
    row = _row(args)
    if row.state != State.ASKED:
        return
    Authorization.objects.filter(expires_at__lt=timezone.now() - KEPT_FOR).delete()
    try:
        with clients.open_client(
            _connection(row), purpose=f"oauth:{row.pk}", actor=ACTOR, read_only=True
        ) as client:
            invitation = client.person().invitation(row.redirect_uri)
    except (SystemFailure, FlowsError, CryptoError) as failure:
        authorize.fail(row, _text(failure), actor=ACTOR)
        return
    holder = _holder(row)
    row.version, row.hosts = holder.version, list(holder.hosts)
    address = {"url": invitation.url, "issuer": invitation.issuer, "hosts": [*invitation.hosts]}
    row.address_sealed = envelope.seal_json(Domain.CONFIG, address, place=row.place("address"))
    row.verifier_sealed = vault_box.wrap(
        {"verifier": Secret(invitation.verifier)}, binding=row.binding("verifier")
    )
    row.state = State.READY
    row.save(update_fields=["version", "hosts", "address_sealed", "verifier_sealed", "state"])


def exchange(args: Args, job: RunningJob) -> None:
    """Trade the code for tokens, once: it is never sent a second time (RFC 6749 4.1.2)."""
    row = _row(args)
    if row.state == State.EXCHANGING:
        authorize.fail(row, _LOST, actor=ACTOR)
    if row.state != State.FINISHED:
        return
    connection = _connection(row)
    try:
        code = vault_box.open_box(bytes(row.code_sealed), expected=row.binding("code"))
        verifier = vault_box.open_box(bytes(row.verifier_sealed), expected=row.binding("verifier"))
        with clients.open_client(
            connection, purpose=f"oauth:{row.pk}", actor=ACTOR, read_only=True
        ) as client:
            Authorization.objects.filter(pk=row.pk).update(state=State.EXCHANGING)
            given = client.person().exchange(
                code["code"],
                verifier=verifier["verifier"].reveal(),
                redirect_uri=row.redirect_uri,
            )
            auth = client.person().oauth.auth
        _keep(row, connection, _holder(row), tokens.bundle_of(given, auth))
    except (SystemFailure, FlowsError, CryptoError) as failure:
        authorize.fail(row, _text(failure), actor=ACTOR)


@transaction.atomic
def _keep(row: Authorization, connection: Connection, holder: Holder, bundle: Bundle) -> None:
    """The tokens, and what came with the code for the settings, or neither."""
    store.keep(holder, bundle, granted_by=row.actor, actor=ACTOR)
    came = envelope.open_json(
        Domain.CONFIG, bytes(row.settings_sealed), place=row.place("settings")
    )
    if came:
        settings = {**connections.settings_of(connection), **came}
        connections.change(connection, settings=settings, actor=row.actor)
    row.state, row.code_sealed, row.verifier_sealed = State.DONE, b"", b""
    row.save(update_fields=["state", "code_sealed", "verifier_sealed"])
    connections.ask_test(connection, actor=row.actor)


def _row(args: Args) -> Authorization:
    pk = UUID(str(args["authorization"]))
    return Authorization.objects.select_related("credential").get(pk=pk)


def _holder(row: Authorization) -> Holder:
    version = row.credential.versions.get(state=CredentialVersion.State.CURRENT)
    return Holder(row.credential_id, version.number, row.credential.system, tuple(version.hosts))


def _connection(row: Authorization) -> Connection:
    return Connection.objects.get(pk=row.connection, credential=row.credential_id)


def _text(failure: Exception) -> str:
    if isinstance(failure, BadDefinition):
        return " ".join([failure.summary, *failure.findings])
    return getattr(failure, "message", "") or str(failure)
