"""Which names a request uses. Pure."""

import re

from connector.systems.spec_request import Request
from connector.systems.template import Template


def uses(request: Request, root: str) -> bool:
    """Whether any template of a request, in its address, headers or body, sees this name."""
    templates: list[Template] = [request.path, *request.headers.values()]
    for value in request.query.values():
        templates += value if isinstance(value, tuple) else [value]
    if any(slot.name[0] == root for template in templates for slot in template.slots):
        return True
    slot = re.compile(rf"\{{\{{\s*{re.escape(root)}\b")
    bodies = (request.body, request.form, request.variables)
    return any(body is not None and slot.search(str(body.source)) for body in bodies)
