"""When the very same call may be made again without making a second record. Pure."""

from connector.systems.body import Body
from connector.systems.spec_objects import ObjectSpec
from connector.systems.spec_request import Request
from connector.systems.template import Template

_BY_KEY = ("header", "query", "body")
_SHARE = 0.9
_A_DAY_S = 86_400.0


def repeat_window_s(spec: ObjectSpec, verb: str) -> float:
    """For how many seconds after the first try a write may be repeated; 0 is never.

    A key is trusted for its window less a tenth. Where the address is the identity there is no
    end; an update that depends on nothing read before may be made again for a day.
    """
    kind = spec.idempotency.kind
    if verb == "update":
        update = spec.update
        depends = update is None or update.read_first or _sees(update.request, "remote")
        return 0.0 if depends else _A_DAY_S
    if verb == "void":
        return _A_DAY_S
    if kind == "upsert":
        return float("inf")
    if kind in _BY_KEY:
        return (spec.idempotency.window_s or 0) * _SHARE
    return 0.0


def _sees(request: Request, root: str) -> bool:
    """Whether a template of the request uses a name."""
    templates: list[Template] = [request.path, *request.headers.values()]
    for value in request.query.values():
        templates += value if isinstance(value, tuple) else [value]
    if any(slot.name[0] == root for template in templates for slot in template.slots):
        return True
    bodies = (request.body, request.form, request.variables)
    return any(body is not None and f"{{{{ {root}." in str(_source(body)) for body in bodies)


def _source(body: Body) -> object:
    return body.source
