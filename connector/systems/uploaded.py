"""Systems that a person described: saved after a full check, found by the registry."""

from collections.abc import Iterable

from django.db import transaction

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import mac
from connector.systems import registry
from connector.systems.errors import Problem, SpecError
from connector.systems.load import load_system
from connector.systems.models import UploadedSystem


class FromTable:
    """The registry's view of the table."""

    def text(self, name: str) -> str | None:
        return UploadedSystem.objects.filter(name=name).values_list("text", flat=True).first()

    def names(self) -> Iterable[str]:
        return UploadedSystem.objects.values_list("name", flat=True)


@transaction.atomic
def save(text: str, *, filename: str, actor: str) -> bool:
    """Save a description if it is right and new. False if it is what stands there already.

    Raises:
        SpecError: everything that is wrong with it, with file and line; or its
            name is that of a shipped system.
    """
    system = load_system(text, filename)
    if system.name in registry.catalogue():
        text_ = f'"{system.name}" is a shipped system; give yours another name'
        raise SpecError([Problem(filename, 1, "name", text_)])
    digest = mac.sha256(text.encode()).hex()
    row = UploadedSystem.objects.select_for_update().filter(name=system.name).first()
    if row is not None and row.digest == digest:
        return False
    UploadedSystem.objects.update_or_create(
        name=system.name,
        defaults={"title": system.title, "text": text, "digest": digest, "saved_by": actor},
    )
    log.record(
        Action.SYSTEM_SAVED,
        actor=actor,
        subject=f"system:{system.name}",
        name=system.name,
        digest=digest,
    )
    return True
