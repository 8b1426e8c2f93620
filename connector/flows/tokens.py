"""Where the tokens of the vault and the systems that give them meet: the store of one client."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from connector.crypto.secret import Secret
from connector.flows.models import Connection
from connector.systems.auth.oauth2 import Tokens, early, is_kept
from connector.systems.errors import AccessEnded, Kind, SystemFailure
from connector.systems.spec import System
from connector.systems.spec_auth import OAuth2Auth
from connector.vault.oauth import store
from connector.vault.oauth.errors import ConnectAgain, NotGranted, NotNow
from connector.vault.oauth.store import Bundle, Holder
from connector.vault.open import Opened

_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Granted:
    """The TokenStore of an opened credential. What only a person can mend is said there."""

    connection: Connection
    auth: OAuth2Auth
    holder: Holder
    actor: str

    def fresh(
        self,
        refused: Secret | None,
        refresh: Callable[[Secret], Tokens],
        first: Secret | None = None,
    ) -> Tokens:
        """As connector.systems.auth.oauth2.TokenStore says."""
        title = self.connection.title

        def asked(token: Secret) -> Bundle:
            try:
                return bundle_of(refresh(token), self.auth)
            except AccessEnded as ended:
                raise ConnectAgain(ended.message) from None
            except SystemFailure as failure:
                if not failure.retryable:
                    raise
                wait_s = failure.wait_s or _WAIT_S
                # an answer has a status, which stands in the detail
                raise NotNow(
                    failure.message, wait_s=wait_s, answered=bool(failure.detail)
                ) from None

        try:
            bundle = store.fresh(self.holder, asked, refused=refused, first=first, actor=self.actor)
        except NotNow as later:
            raise SystemFailure(
                Kind.RATE_LIMITED, f"{title}: {later.message}", wait_s=later.wait_s
            ) from None
        except (ConnectAgain, NotGranted) as over:
            message = f"{title}: {over.message}"
            if not self.holder.trial:
                Connection.objects.filter(pk=self.connection.pk).update(
                    health=Connection.Health.FAILING, health_message=message[:500]
                )
            raise SystemFailure(Kind.CONFIG, message) from None
        left_s = (bundle.renew_at - timezone.now()).total_seconds()
        return Tokens(bundle.access_token, None, left_s, bundle.others)


def store_for(
    connection: Connection, system: System, opened: Opened, *, trial: bool, actor: str
) -> Granted | None:
    """The store, for systems that need one.

    Args:
        trial: the credential is a new version that waits for its test.
    """
    auth = system.auth
    if not isinstance(auth, OAuth2Auth) or connection.credential_id is None or not is_kept(auth):
        return None
    holder = Holder(
        connection.credential_id,
        opened.version,
        system.name,
        opened.hosts,
        own=auth.grant != "authorization_code",
        trial=trial,
    )
    return Granted(connection, auth, holder, actor)


def bundle_of(tokens: Tokens, auth: OAuth2Auth) -> Bundle:
    """Tokens just given, as the vault keeps them."""
    now = timezone.now()
    use_s = max(tokens.life_s - early(auth, tokens.life_s), 0.0)
    return Bundle(
        tokens.access_token,
        tokens.refresh_token,
        now + timedelta(seconds=tokens.life_s),
        now + timedelta(seconds=use_s),
        tokens.others,
    )
