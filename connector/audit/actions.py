"""The closed list of what can be recorded, with the facts that each entry may carry."""

from enum import StrEnum


class Action(StrEnum):
    """What happened. The value is stored; it never changes its meaning."""

    # people
    SETUP_COMPLETED = "setup.completed"
    SIGNED_IN = "account.signed_in"
    SIGNED_OUT = "account.signed_out"
    SIGN_IN_REFUSED = "account.sign_in_refused"
    SIGN_IN_UNLOCKED = "account.sign_in_unlocked"
    SIGN_IN_RULES_CHANGED = "account.sign_in_rules_changed"
    SECOND_FACTOR_ADDED = "account.second_factor_added"
    SECOND_FACTOR_REMOVED = "account.second_factor_removed"
    SECOND_FACTOR_REFUSED = "account.second_factor_refused"
    SINGLE_SIGN_ON_LINKED = "account.single_sign_on_linked"
    CONFIRMED = "account.confirmed"
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105
    ACCOUNT_RENAMED = "account.renamed"
    SESSIONS_ENDED = "account.sessions_ended"
    INVITATION_CREATED = "invitation.created"
    INVITATION_WITHDRAWN = "invitation.withdrawn"
    INVITATION_ACCEPTED = "invitation.accepted"
    ROLE_CHANGED = "account.role_changed"
    ACCOUNT_DEACTIVATED = "account.deactivated"
    ACCOUNT_REACTIVATED = "account.reactivated"
    SECOND_FACTOR_RESET = "account.second_factor_reset"
    # programs
    TOKEN_CREATED = "token.created"  # noqa: S105
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    INTERNAL_TOKEN_CREATED = "internal_token.created"  # noqa: S105
    INTERNAL_TOKEN_REVOKED = "internal_token.revoked"  # noqa: S105
    # credentials
    CREDENTIAL_CREATED = "credential.created"
    CREDENTIAL_ENTERED = "credential.entered"
    CREDENTIAL_TEST_FAILED = "credential.test_failed"
    CREDENTIAL_DROPPED = "credential.dropped"
    CREDENTIAL_USE_ASKED = "credential.use_asked"
    CREDENTIAL_ROTATED = "credential.rotated"
    CREDENTIAL_REPLACED = "credential.replaced"
    CREDENTIAL_DELETED = "credential.deleted"
    CREDENTIAL_EXPIRY_SET = "credential.expiry_set"
    CREDENTIAL_REMINDER = "credential.reminder"
    CREDENTIALS_IMPORTED = "credentials.imported"
    CREDENTIAL_ADOPTED = "credential.adopted"
    CREDENTIAL_OPENED = "credential.opened"
    CREDENTIAL_REFUSED = "credential.refused"
    # access that a person grants at a system
    OAUTH_ASKED = "oauth.asked"
    OAUTH_REFUSED = "oauth.refused"
    OAUTH_CONNECTED = "oauth.connected"
    OAUTH_REFRESHED = "oauth.refreshed"
    OAUTH_CONNECT_AGAIN = "oauth.connect_again"
    # systems and connections
    SYSTEM_SAVED = "system.saved"
    CONNECTION_CREATED = "connection.created"
    CONNECTION_CHANGED = "connection.changed"
    CONNECTION_TEST_ASKED = "connection.test_asked"
    CONNECTION_TESTED = "connection.tested"
    # flows
    FLOW_CREATED = "flow.created"
    FLOW_CHANGED = "flow.changed"
    FLOW_ENABLED = "flow.enabled"
    FLOW_DISABLED = "flow.disabled"
    VALUE_MAP_SAVED = "value_map.saved"
    CONFIG_APPLIED = "config.applied"
    PREVIEW_ASKED = "preview.asked"
    # runs
    RUN_ASKED = "run.asked"
    RUN_STARTED = "run.started"
    RUN_FINISHED = "run.finished"
    RUN_STOPPED = "run.stopped"
    RUN_CANCELLED = "run.cancelled"
    # deliveries and held records
    DELIVERY_DECIDED = "delivery.decided"
    DELIVERY_RETRIED = "delivery.retried"
    HELD_RETRIED = "held.retried"
    HELD_DISMISSED = "held.dismissed"
    PAYLOAD_VIEWED = "payload.viewed"
    # webhooks
    ENDPOINT_CREATED = "endpoint.created"
    ENDPOINT_CHANGED = "endpoint.changed"
    ENDPOINT_SECRET_ROTATED = "endpoint.secret_rotated"  # noqa: S105
    WEBHOOK_RECEIVED = "webhook.received"
    WEBHOOK_PROCESSED = "webhook.processed"
    WEBHOOK_REFUSED = "webhook.refused"
    WEBHOOK_REPLAYED = "webhook.replayed"
    # keys
    KEY_ROTATED = "key.rotated"
    KEY_RESEALED = "key.resealed"
    KEY_RETIRED = "key.retired"
    KEYS_RECOVERED = "key.recovered"
    KEYS_SPLIT = "key.split"
    # the box
    JOB_REFUSED = "job.refused"
    JOB_PARKED = "job.parked"
    LEAK_TESTED = "box.leak_tested"


# After one of these, the version that it names is the one in use.
PUT_IN_USE = (
    Action.CREDENTIAL_CREATED.value,
    Action.CREDENTIAL_ROTATED.value,
    Action.CREDENTIAL_REPLACED.value,
)


FACTS: dict[Action, frozenset[str]] = {
    Action.SETUP_COMPLETED: frozenset({"email"}),
    Action.SIGNED_IN: frozenset({"address", "method"}),
    Action.SIGNED_OUT: frozenset({"address"}),
    Action.SIGN_IN_REFUSED: frozenset({"address", "reason"}),
    Action.SIGN_IN_UNLOCKED: frozenset(),
    Action.SIGN_IN_RULES_CHANGED: frozenset(
        {"second_factor", "passwords_for_owners_alone", "sessions"}
    ),
    Action.SECOND_FACTOR_ADDED: frozenset({"kind"}),
    Action.SECOND_FACTOR_REMOVED: frozenset({"kind"}),
    Action.SECOND_FACTOR_REFUSED: frozenset({"kind", "address"}),
    Action.SINGLE_SIGN_ON_LINKED: frozenset({"issuer"}),
    Action.CONFIRMED: frozenset({"method", "address"}),
    Action.PASSWORD_CHANGED: frozenset(),
    Action.ACCOUNT_RENAMED: frozenset(),
    Action.SESSIONS_ENDED: frozenset({"sessions", "reason"}),
    Action.INVITATION_CREATED: frozenset({"email", "role", "expires"}),
    Action.INVITATION_WITHDRAWN: frozenset({"email"}),
    Action.INVITATION_ACCEPTED: frozenset({"email", "role"}),
    Action.ROLE_CHANGED: frozenset({"before", "after"}),
    Action.ACCOUNT_DEACTIVATED: frozenset({"role"}),
    Action.ACCOUNT_REACTIVATED: frozenset({"role"}),
    Action.SECOND_FACTOR_RESET: frozenset({"removed"}),
    Action.TOKEN_CREATED: frozenset({"title", "prefix", "scopes", "expires"}),
    Action.TOKEN_REVOKED: frozenset({"title", "prefix"}),
    Action.INTERNAL_TOKEN_CREATED: frozenset({"name"}),
    Action.INTERNAL_TOKEN_REVOKED: frozenset({"name"}),
    Action.CREDENTIAL_CREATED: frozenset({"label", "system", "version", "hosts"}),
    Action.CREDENTIAL_ENTERED: frozenset({"label", "version"}),
    Action.CREDENTIAL_TEST_FAILED: frozenset({"label", "version"}),
    Action.CREDENTIAL_DROPPED: frozenset({"label", "version"}),
    Action.CREDENTIAL_USE_ASKED: frozenset({"label", "version"}),
    Action.CREDENTIAL_ROTATED: frozenset({"label", "version", "reason"}),
    Action.CREDENTIAL_REPLACED: frozenset({"label", "version", "hosts"}),
    Action.CREDENTIAL_DELETED: frozenset({"label", "versions"}),
    Action.CREDENTIAL_EXPIRY_SET: frozenset({"label", "version", "expires"}),
    Action.CREDENTIAL_REMINDER: frozenset({"label", "version", "reason", "expires"}),
    Action.CREDENTIALS_IMPORTED: frozenset({"connections", "fields"}),
    Action.CREDENTIAL_ADOPTED: frozenset({"version"}),
    Action.CREDENTIAL_OPENED: frozenset({"label", "version", "purpose"}),
    Action.CREDENTIAL_REFUSED: frozenset({"label", "version", "purpose", "reason"}),
    Action.OAUTH_ASKED: frozenset({"label"}),
    Action.OAUTH_REFUSED: frozenset({"label", "reason"}),
    Action.OAUTH_CONNECTED: frozenset({"label"}),
    Action.OAUTH_REFRESHED: frozenset({"label"}),
    Action.OAUTH_CONNECT_AGAIN: frozenset({"label", "reason"}),
    Action.SYSTEM_SAVED: frozenset({"name", "digest"}),
    Action.CONNECTION_CREATED: frozenset({"slug", "system", "hosts"}),
    Action.CONNECTION_CHANGED: frozenset({"slug", "fields", "hosts"}),
    Action.CONNECTION_TEST_ASKED: frozenset({"slug"}),
    Action.CONNECTION_TESTED: frozenset({"slug", "result", "inside"}),
    Action.FLOW_CREATED: frozenset({"slug", "version", "digest"}),
    Action.FLOW_CHANGED: frozenset({"slug", "version", "digest", "fields"}),
    Action.FLOW_ENABLED: frozenset({"slug"}),
    Action.FLOW_DISABLED: frozenset({"slug", "reason"}),
    Action.VALUE_MAP_SAVED: frozenset(
        {"slug", "version", "entries", "added", "changed", "removed"}
    ),
    Action.CONFIG_APPLIED: frozenset({"digest", "created", "changed", "unchanged"}),
    Action.PREVIEW_ASKED: frozenset({"slug"}),
    Action.RUN_ASKED: frozenset({"flow", "version", "cause", "kind"}),
    Action.RUN_STARTED: frozenset({"flow", "version", "cause", "kind"}),
    Action.RUN_FINISHED: frozenset(
        {"flow", "read", "delivered", "unchanged", "skipped", "held", "rejected", "uncertain"}
    ),
    Action.RUN_STOPPED: frozenset({"flow", "reason", "read", "delivered"}),
    Action.RUN_CANCELLED: frozenset({"flow", "read", "delivered"}),
    Action.DELIVERY_DECIDED: frozenset({"decision", "flow"}),
    Action.DELIVERY_RETRIED: frozenset({"flow"}),
    Action.HELD_RETRIED: frozenset({"flow", "records"}),
    Action.HELD_DISMISSED: frozenset({"flow", "reason"}),
    Action.PAYLOAD_VIEWED: frozenset({"flow"}),
    Action.ENDPOINT_CREATED: frozenset({"slug", "scheme"}),
    Action.ENDPOINT_CHANGED: frozenset({"slug", "fields"}),
    Action.ENDPOINT_SECRET_ROTATED: frozenset({"slug"}),
    Action.WEBHOOK_RECEIVED: frozenset({"endpoint", "event", "type"}),
    Action.WEBHOOK_PROCESSED: frozenset({"endpoint", "event", "outcome", "run"}),
    Action.WEBHOOK_REFUSED: frozenset({"endpoint", "reason", "address"}),
    Action.WEBHOOK_REPLAYED: frozenset({"endpoint", "event"}),
    Action.KEY_ROTATED: frozenset({"domain", "keys", "recoverable"}),
    Action.KEY_RESEALED: frozenset({"domain", "values", "unreadable"}),
    Action.KEY_RETIRED: frozenset({"domain", "keys"}),
    Action.KEYS_RECOVERED: frozenset({"processes", "way"}),
    Action.KEYS_SPLIT: frozenset({"shares", "threshold"}),
    Action.JOB_REFUSED: frozenset({"kind", "reason"}),
    Action.JOB_PARKED: frozenset({"kind", "attempts"}),
    Action.LEAK_TESTED: frozenset({"secrets", "places", "hits"}),
}
