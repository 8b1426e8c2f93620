"""Whether secrets are what the description of a system asks for. No message repeats a value."""

from collections.abc import Iterable, Mapping

from connector.crypto.secret import Secret
from connector.systems.spec import CredentialField, System
from connector.systems.wire import jsontext
from connector.vault import fields

PEM = "-----BEGIN "


def problems(
    spec: System, secrets: Mapping[str, Secret] | None, references: Iterable[str] = ()
) -> list[str]:
    """Unknown and missing names, and secrets of a wrong form; None if none are entered."""
    known = {field.name: field for field in spec.credential}
    named = dict.fromkeys([*references, *(secrets or ())])
    found = [f'{spec.title} has no secret "{name}"' for name in named if name not in known]
    if secrets is None:
        return found
    for name, field in known.items():
        if name not in secrets and field.required:
            found.append(f'the secret "{name}" is missing')
        wrong = problem(field, secrets[name].reveal()) if name in secrets else ""
        if wrong:
            found.append(f'the secret "{name}" {wrong}')
    return found


def problem(field: CredentialField, text: str) -> str:
    """What is wrong with a text as this secret, to be read after its name; empty if nothing is."""
    wrong = fields.problem(text, lines=field.kind != "text")
    if wrong:
        return wrong
    if field.kind == "json_file" and not _is_object(text):
        return "is not a JSON file"
    if field.kind in ("pem_key", "pem_certificate") and not text.lstrip().startswith(PEM):
        return "is not in PEM form, which starts with -----BEGIN"
    return ""


def _is_object(text: str) -> bool:
    try:
        return isinstance(jsontext.decode(text), dict)
    except jsontext.NotJson:
        return False
