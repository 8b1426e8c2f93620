"""Endpoints as code: the section `endpoints` of flow files, applied and written out."""

from connector.crypto.secret import Secret
from connector.flows.apply import Change, NotApplied, Secrets
from connector.flows.documents import Document, EndpointDecl, Origin
from connector.flows.export import reference
from connector.flows.flow_files import FileProblem
from connector.flows.models import Connection
from connector.webhooks import store
from connector.webhooks.errors import BadEndpoint, EndpointGone
from connector.webhooks.models import Endpoint

SECRET = "signing"  # noqa: S105


def slugs() -> set[str]:
    """The endpoints of this box."""
    return set(Endpoint.objects.filter(archived_at=None).values_list("slug", flat=True))


def apply_endpoints(
    document: Document, *, secrets: Secrets, actor: str, renew_secrets: bool = False
) -> list[Change]:
    """Make the endpoints what the document says. The address of each is given by the box.

    Raises:
        NotApplied: with every problem; the caller's transaction must be rolled back.
    """
    changes, problems = [], []
    for declared in document.endpoints.values():
        try:
            changes.append(_apply(declared, secrets, actor, renew_secrets))
        except (BadEndpoint, EndpointGone) as error:
            path = f"endpoints.{declared.slug}"
            problems.append(
                FileProblem(declared.origin.file, declared.origin.line, path, str(error))
            )
    if problems:
        raise NotApplied(problems)
    return changes


def declarations() -> dict[str, EndpointDecl]:
    """The endpoints of this box, as a file declares them."""
    rows = Endpoint.objects.filter(archived_at=None).select_related("connection").order_by("slug")
    return {
        row.slug: EndpointDecl(
            row.slug,
            row.title,
            row.connection.slug,
            tuple(row.events),
            {SECRET: reference(row.secret_references.get(SECRET))} if row.secret_sealed else {},
            Origin("box", 0),
        )
        for row in rows
    }


def _apply(declared: EndpointDecl, secrets: Secrets, actor: str, renew: bool) -> Change:
    connection = Connection.objects.filter(slug=declared.connection, archived_at=None).first()
    if connection is None:
        raise BadEndpoint(f'there is no connection "{declared.connection}"')
    references = {name: {ref.kind: ref.name} for name, ref in declared.secrets.items() if ref.name}
    row = Endpoint.objects.filter(slug=declared.slug, archived_at=None).first()
    if row is None:
        store.create(
            slug=declared.slug,
            title=declared.title,
            connection=connection,
            events=declared.events,
            secret=_secret(declared, secrets),
            secret_references=references,
            actor=actor,
        )
        return Change("endpoints", declared.slug, "create")
    details = []
    before = (row.title, row.events, row.secret_references)
    row = store.change(
        row,
        title=declared.title,
        events=declared.events,
        secret_references=references,
        actor=actor,
    )
    if before != (row.title, row.events, row.secret_references):
        details.append("settings")
    if renew or (declared.secrets and not row.secret_sealed):
        secret = _secret(declared, secrets)
        if secret is not None:
            store.rotate_secret(row, secret, actor=actor)
            details.append("secret entered again")
    if not details:
        return Change("endpoints", declared.slug, "unchanged")
    return Change("endpoints", declared.slug, "change", tuple(details))


def _secret(declared: EndpointDecl, secrets: Secrets) -> Secret | None:
    ref = declared.secrets.get(SECRET)
    if ref is None or ref.kind == "unset":
        return None
    found = secrets(declared.slug, SECRET, ref)
    if found is None:
        raise BadEndpoint(f"the secret {SECRET} is missing ({ref.kind} {ref.name})")
    return found
