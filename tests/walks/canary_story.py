"""Canary secrets, what they are put into, and all that the box said meanwhile."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connector.crypto import mac
from connector.sandbox.erp import API
from tests.fakes.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer
from tests.fakes.supply_desk import Desk
from tests.walks.hooks import deliver, signed
from tests.walks.live import Live
from tests.walks.shell import Shell

CORE = f"cnry{mac.random_bytes(9).hex()}"  # in every canary, so that one search finds them all
FIRST, SECOND, WRONG = (f"{CORE}-{name}-key" for name in ("first", "second", "wrong"))
SIGNING = "whsec_" + base64.b64encode(f"{CORE}-signing-secret".encode()).decode()
AGAIN = "whsec_" + base64.b64encode(f"{CORE}-signing-again".encode()).decode()
WRITTEN = (
    FIRST,
    SECOND,
    WRONG,
    SIGNING,
    AGAIN,
    "of-a-map",
    "of-a-mapping",
    "in-an-event",
)  # by name
FILE = f"""
format: 1
systems:
  supply_desk: {{file: supply_desk.yaml}}
  granted: {{file: granted.yaml}}
connections:
  canary-books:
    title: Books of the canaries
    system: granted
    settings: {{url: "@books@"}}
    secrets: {{client_id: {{env: CANARY_ID}}, client_secret: {{env: CANARY_CLIENT}}}}
  canary-desk:
    title: Desk of the canaries
    system: supply_desk
    settings: {{url: "@url@"}}
    secrets: {{api_key: {{env: CANARY_KEY}}}}
value_maps:
  canary-groups:
    title: Groups
    keys: [currency]
    value: text
    unknown: hold
    entries: {{EUR: {CORE}-of-a-map}}
endpoints:
  canary-hook:
    title: Events of the canaries
    connection: erp
    events: ["vendor.*"]
    secrets: {{signing: {{env: CANARY_SIGNING}}}}
flows:
  canary-flow:
    title: Flow of the canaries
    source: {{connection: erp, stream: vendors}}
    destination: {{connection: canary-desk, object: supplier}}
    trigger: {{webhook: canary-hook}}
    mapping:
      filter:
        - [city, is, Canaria]
      map:
        reference: {{from: id}}
        name: {{from: name}}
        country: {{from: country}}
        note: {{value: {CORE}-of-a-mapping}}
        group: {{from: currency, do: [{{map: canary-groups}}]}}
"""

# A system's words on a record that it refused may repeat the record. Whoever may see records
# ("inbox.see", connector/console/access.py) reads them here, and who may see mappings reads those.
# Nobody else does, and nothing else of a canary stands anywhere.
IN_WORDS = ("in-a-rejected-record", "of-a-map", "of-a-mapping")
MAY_BE_SEEN: Mapping[str, tuple[str, ...]] = {
    "owner at /": IN_WORDS,
    "owner at /inbox/": IN_WORDS,
    "program at /api/v1/inbox/": IN_WORDS,
    "export": ("of-a-map", "of-a-mapping"),
}


@dataclass(slots=True)
class Story:
    """What happened with the canaries, and all that the box said meanwhile."""

    live: Live
    shell: Shell
    desk: Desk
    books: OAuthServer
    folder: Path
    said: dict[str, str] = field(default_factory=dict)
    put_in: set[str] = field(default_factory=set)  # canaries, which all hold CORE
    codes: list[str] = field(default_factory=list)  # recovery codes: too short for each spelling
    known: dict[str, str] = field(default_factory=dict)  # secrets that the box made itself

    def canary(self, name: str) -> str:
        self.put_in.add(name)
        return f"{CORE}-{name}"

    def shown_once(self, name: str, secret: str) -> str:
        """A secret that the box made and showed to its person in the last answer, there alone."""
        last, text = list(self.said.items())[-1]
        assert text.count(secret) == 1, (name, text[:2000])
        self.said[last] = text.replace(secret, "")
        self.known[name] = secret
        return secret

    def manage(self, *command: str, **secrets: str) -> int:
        code, said = self.shell(*command, **secrets)
        self.said[f"{len(self.said)} {command[0]}"] = said
        return code

    def inside(self, code: str) -> str:
        """What a few lines print that run as the web process does. It is not searched."""
        ended, said = self.shell("shell", "--no-imports", "-c", code)
        assert ended == 0, said
        return said.strip()

    def apply(self, key: str, *more: str) -> None:
        secrets = {"CANARY_KEY": key, "CANARY_SIGNING": SIGNING}
        secrets |= {"CANARY_ID": CLIENT_ID, "CANARY_CLIENT": CLIENT_SECRET}
        assert self.manage("apply", str(self.folder), *more, **secrets) == 0, self.said
        self.live.tests_are_done()

    def run(self, *more: str) -> dict[str, object]:
        self.manage("run", "canary-flow", "--wait", "--json", *more)
        said = list(self.said.values())[-1].splitlines()
        return dict(json.loads(next(line for line in said if line.startswith("{"))))

    def test(self, slug: str = "canary-desk") -> str:
        health, message = self.live.test_connection(slug)
        self.said[f"{len(self.said)} test"] = message
        return health

    def vendor(self, name: str, currency: str = "EUR", id_: str = "") -> str:
        given = {
            "name": self.canary(name),
            "city": "Canaria",
            "country": "ES",
            "currency": currency,
        }
        path, method = (f"/{id_}", "PATCH") if id_ else ("", "POST")
        return str(self.live.api("erp", f"{API}/vendors{path}", given, method=method)["id"])

    def event(self, name: str, body: bytes, secret: str = SIGNING, key: bytes | None = None) -> int:
        headers = signed(secret, body, event=name, key=key)
        status, answer = deliver(self.live, "canary-hook", body, headers)
        self.said[f"{len(self.said)} hook"] = answer.decode()
        return status

    def told(self) -> Iterator[tuple[str, str]]:
        """All answers, without the canaries that may be seen there."""
        for name, text in self.said.items():
            for canary in MAY_BE_SEEN.get(name.partition(" ")[2], ()):
                text = re.sub(f"{CORE}-{canary}(?![a-z-])", "", text)
            yield name, text
