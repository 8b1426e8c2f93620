"""Lines as libraries, servers and tools write them, each with a canary; and clean ones."""

import ast
import base64
import itertools
import json
from collections.abc import Iterator

from tests.rules.tree import PRODUCT, modules, name, parsed

CORE = "c4nary"
WORD = f"{CORE}-Blue.Salt!9"
RANDOM = f"{CORE}Zq81Kd0PxT7mWvB3LsYh26Rn"
JWT = f"eyJhbGciOiJIUzI1NiJ9.{CORE}eyJzdWIiOiIxMjM0NTY3ODkwIn0.{CORE}dozjgNryP4J3jVmNHl0w5N"
BASIC = base64.b64encode(f"box:{WORD}".encode()).decode()
NEEDLES = (CORE, base64.b64encode(f"box:{WORD}".encode()).decode().rstrip("=")[:16])

# {n} is a name that speaks of a secret, {v} the canary.
NAMED = (
    "{n}={v}",
    "run --{n} {v} --verbose",
    "{n}%3D{v}%26page%3D1",
    "{{'{n}': ['{v}', '{v}']}}",
    "{{'name': '{n}', 'value': '{v}'}}",
    "<{n}><![CDATA[{v}]]></{n}>",
    '--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n--b--',
    "sent {n}: {v}",
    '{{"{n}": "{v}", "page": 3}}',
    "{{'user': 'box', '{n}': '{v}'}}",
    "('{n}', '{v}')",
    '{{\\"{n}\\": \\"{v}\\"}}',
    "GET https://api.example.com/v1/bills?page=2&{n}={v} HTTP/1.1",
    "grant_type=password&username=box&{n}={v}&scope=all",
    "<env:Body><{n}>{v}</{n}></env:Body>",
    '<x:{n} type="text">{v}</x:{n}>',
    "Call(system='erp', {n}='{v}', page=1)",
    "  {n} => {v}",
    'curl: (22) error; body was {{"error":"denied","{n}":"{v}"}}',
    'b\'{{"ok": true, "{n}": "{v}"}}\'',
    'export {n}="{v}"',
    '127.0.0.1 - - [25/Nov/2026:06:00:00 +0000] "GET /x?{n}={v} HTTP/1.1" 200 12 "-" "curl/8"',
    "ValueError: bad answer {{'{n}': '{v}'}} from erp",
    "DEBUG body: [('page', '1'), ('{n}', '{v}')]",
)
NAMES = (
    *("password", "client_secret", "access_token", "refresh_token", "api_key", "X-Api-Key"),
    *("apiKey", "clientSecret", "passphrase", "private_key", "sessionid", "Consumer-Secret"),
    *("wsPassword", "SESSION_KEY", "code_verifier", "client_assertion", "webhook_secret"),
)
HEADERS = (
    "Authorization: Bearer {r}",
    "> Authorization: Basic {b}",
    "< Set-Cookie: sid={r}; Path=/; HttpOnly",
    "Cookie: a=1; sid={r}; theme=dark",
    "Proxy-Authorization: Basic {b}",
    "X-Shopify-Access-Token: {w}",
    "X-Auth-Token: {w}",
    'Authorization: Digest username="box", realm="x", nonce="{r}", response="{r}"',
    'Authorization: OAuth oauth_consumer_key="{r}", oauth_signature="{r}%3D"',
    "Authorization: AWS4-HMAC-SHA256 Credential={r}/20261125/eu/s3/aws4_request, Signature={r}",
    "send: b'POST /token HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Basic {b}\\r\\n\\r\\n'",
    "send: b'GET / HTTP/1.1\\r\\nCookie: sid={r}\\r\\nAccept: */*\\r\\n\\r\\n'",
    "header: Set-Cookie: sid={r}; Secure",
    "{{'Authorization': 'Bearer {r}', 'Accept': '*/*'}}",
    "CaseInsensitiveDict({{'authorization': 'Basic {b}'}})",
    "[(b'authorization', b'Bearer {r}')]",
    "HTTP_AUTHORIZATION='Bearer {r}'",
    "-H 'Authorization: token {r}'",
)
SHAPED = (
    "the answer was {j}",
    "Bearer {w}",
    "curl -v -u box:{w} https://x.example.com",
    "pass={w}",
    "connecting to postgres://box:{w}@db.example.com:5432/box failed",
    "HTTPSConnectionPool(host='box:{r}@x.example.com', port=443): token {r}",
    "https://{r}@hooks.example.com/a",
    "retry with Bearer {r} refused",
    "key sk_live_{r} is not known",
    "remote: bad credentials ghp_{r}",
    "xoxb-1234-{r}",
    "shpat_{r}",
    "EAAC{r}",
    "ya29.{r}",
    "refresh 1//{r}",
    "mlc_{r}",
    "whsec_{r}=",
    "glpat-{r}",
    "-----BEGIN PRIVATE KEY-----\\n{r}\\n{w}\\n-----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\n{r}\n{w}",
    "Not Found: /set-up/{w}/",
    "GET /invited/{w}/ 200, 12 bytes, 3 ms",
    "GET /connections/callback?code={w}&state={w} 302",
    "code={r}&redirect_uri=https%3A%2F%2Fbox.example.com",
    "nothing but {r} here",
    "botocore.hooks: calculating signature: AWS4-HMAC-SHA256 {r}",
    "https://b.s3.amazonaws.com/k?X-Amz-Signature={w}&X-Amz-Security-Token={w}",
    "https://x.blob.core.windows.net/a?sv=2024&sig={w}",
    "DETAIL:  Key (token)=({w}) already exists.",
    'duplicate key value violates "u"\nDETAIL:  Key (name, key)=(a, {w}) already exists.',
    "DETAIL:  Failing row contains (1, {w}, null).",
    'invalid input syntax for type integer: "{w}"',
    "CONTEXT:  unnamed portal with parameter $1 = '{w}'",
)


def secret_lines() -> list[str]:
    """Lines in the formats of requests, urllib3, http.client, oauthlib, psycopg, curl, boto..."""
    values = {"w": WORD, "r": RANDOM, "j": JWT, "b": BASIC}
    named = [line.format(n=n, v=WORD) for line, n in itertools.product(NAMED, NAMES)]
    return named + [line.format(**values) for line in (*HEADERS, *SHAPED)]


def leaks(text: str) -> bool:
    return any(needle.lower() in text.lower() for needle in NEEDLES)


def clean_lines() -> list[str]:
    """Every sentence that the product can say, and lines with ids, digests, amounts and times."""
    return [*sorted(set(_sentences())), *_figures()]


def _sentences() -> Iterator[str]:
    for file in modules(*PRODUCT):
        if name(file).startswith("appliance/logs/"):
            continue
        nodes = list(ast.walk(parsed(file)))
        texts = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if not isinstance(node, ast.Constant) or id(node) in texts:
                continue
            if isinstance(node.value, str) and node.value.count(" ") >= 2:
                yield node.value


def _figures() -> Iterator[str]:
    for n in range(60):
        run = f"{n:08x}-8f0e-4b5e-9c3e-6d1a2b3c4d{n:02x}"
        digest = f"{n * 7919:064x}"
        yield f"run {run} of bills-to-ap took 12.{n} s: {n} posted, 0 refused, 1 held"
        yield f"invoice INV-2026-{n:05d} of Stahl & Söhne GmbH over 12.{n:03d},50 EUR was posted"
        yield f"audit entry {n} credential_opened by worker, subject credential:{run}"
        yield f"checkpoint {n} sha256:{digest}"
        yield f"GET /flows/bills-to-ap/?page={n}&status=held 200, 5{n} bytes, 12 ms"
        yield f'https://127.0.0.1:8080 "GET /api/v1/bills?page={n}&limit=100 HTTP/1.1" 200 8{n}'
        yield f"token of connection erp was renewed; it expires in {n} s"
        yield f"2026-11-25T06:{n:02d}:00.000Z INFO {n} connector.flows.tasks run {run} began"
        yield json.dumps({"run": run, "flow": "bills-to-ap", "posted": n, "key_id": f"vault-{n}"})
        yield f"key vault-2026-{n:02d} is primary; {n} credentials are sealed under older keys"
