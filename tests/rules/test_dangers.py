"""What would be a weakness wherever it stands: each rule, and the few places that may break it"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from tests.rules.tree import PRODUCT, ROOT, modules, name, nodes

CODE_FROM_DATA = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "pydoc.locate"),
    *("pickle.loads", "pickle.load", "marshal.loads", "shelve.open", "dill.loads"),
    *("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "jsonpickle.decode"),
}
WAYS_OUT = {
    *("requests", "urllib.request", "urllib3", "http.client", "httpx", "aiohttp", "ftplib"),
    *("smtplib", "telnetlib", "imaplib", "poplib", "socket", "asyncio", "xmlrpc", "paramiko"),
}
RUNS_SQL = {"execute", "executemany", "raw", "RawSQL", "extra", "copy"}
NAMES_COLUMNS = {"order_by", "values", "values_list", "only", "defer", "select_related"}
SECRETIVE = re.compile(
    r"(?:^|_)(?:token|digest|signature|signed|mac|hmac|secret|password|api_key|hash|code)$"
)


@dataclass(frozen=True)
class Rule:
    """What is not to be found, and where it may stand nevertheless, and why."""

    broken_by: Callable[[ast.AST], bool]
    but: Mapping[str, str] = field(default_factory=dict)


def runs_data(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    shell = any(
        word.arg == "shell" and not (isinstance(word.value, ast.Constant) and not word.value.value)
        for word in node.keywords
    )
    return shell or ast.unparse(node.func) in CODE_FROM_DATA


def goes_out(node: ast.AST) -> bool:
    named: list[str] = []
    if isinstance(node, ast.Import):
        named = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return any(one == way or one.startswith(f"{way}.") for one in named for way in WAYS_OUT)


def leaves_out_the_csrf_check(node: ast.AST) -> bool:
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return isinstance(name, str) and name.endswith("csrf_exempt")


def builds_sql(node: ast.AST) -> bool:
    """A statement that is not written out, and not a constant in capitals."""
    if not isinstance(node, ast.Call) or not node.args or _called(node) not in RUNS_SQL:
        return False
    return not _is_written_out(node.args[0])


def names_columns(node: ast.AST) -> bool:
    """`order_by(given)` asks for any column of any table that can be reached."""
    if not isinstance(node, ast.Call) or _called(node) not in NAMES_COLUMNS:
        return False
    return any(not _is_column(argument) for argument in node.args)


def compares_secrets(node: ast.AST) -> bool:
    """`==` tells by its time how many bytes were right. Constants are no secrets."""
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return False
    sides = [node.left, *node.comparators]
    if any(isinstance(side, ast.Constant | ast.List | ast.Tuple) for side in sides):
        return False
    return any(SECRETIVE.search(_last_name(side)) for side in sides)


def trusts_anybody(node: ast.AST) -> bool:
    """TLS without a look at who answers."""
    if isinstance(node, ast.keyword):
        return node.arg in ("verify", "check_hostname") and _is_false(node.value)
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]).endswith("check_hostname") and _is_false(node.value)
    return isinstance(node, ast.Attribute) and node.attr in (
        *("CERT_NONE", "CERT_OPTIONAL", "_create_unverified_context"),
    )


RULES = {
    "data is never run": Rule(runs_data),
    "calls out go through the guarded transport": Rule(
        goes_out,
        {
            "connector/systems/addresses.py": "asks the name server",
            "connector/systems/sockets.py": "the transport",
            "connector/systems/transport.py": "the transport",
            "connector/systems/reply.py": "the transport",
            "connector/sandbox/": "the practice systems, which call and are called on loopback",
            "appliance/quickstart/": "calls its own children on loopback",
            "appliance/queue/drain.py": "the name of this machine, for the holder of a lease",
            "appliance/accounts/sso.py": "names the errors of requests",
            "appliance/accounts/sso_client.py": "gives requests the guarded transport alone",
        },
    ),
    "every form is checked": Rule(
        leaves_out_the_csrf_check,
        {"connector/webhooks/views.py": "a delivery has no session; its signature is the proof"},
    ),
    "statements are written out": Rule(
        builds_sql,
        {
            "connector/rekey/store.py": "names of tables that models declare",
            "connector/sandbox/": "the practice systems, with columns of their own",
            "connector/systems/limits.py": "runs the constants of its file",
            "appliance/accounts/shared_cache.py": "runs the constants of its file",
            "appliance/database/grants.py": "names of our tables and roles",
            "appliance/database/roles.py": "composed and quoted by psycopg",
            "appliance/leaktest/owner.py": "composed and quoted by psycopg",
        },
    ),
    "columns are named by us": Rule(
        names_columns,
        {
            "connector/console/pages.py": "the order that a list writes down",
            "connector/rekey/walk.py": "columns that each floor declares",
        },
    ),
    "secrets are compared by connector.crypto.mac.equal": Rule(
        compares_secrets,
        {
            "connector/flows/store.py": "the digest of a version, which pages show",
            "connector/systems/uploaded.py": "the digest of a description, which pages show",
            "connector/vault/oauth/store.py": "a Secret compares itself by mac.equal",
            "appliance/accounts/forms.py": "what one person typed twice",
        },
    ),
    "who answers is looked at": Rule(trusts_anybody),
}


def found(rule: Rule) -> Iterator[str]:
    for file in modules(*PRODUCT):
        if any(name(file).startswith(place) for place in rule.but):
            continue
        for node in nodes(file):
            if rule.broken_by(node):
                line = getattr(node, "lineno", 0)
                yield f"{name(file)}:{line} {ast.unparse(node)[:90]}"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_holds_everywhere_else(rule: Rule) -> None:
    assert list(found(rule)) == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_exception_outlives_its_reason(rule: Rule) -> None:
    unused = [
        place
        for place in rule.but
        if (ROOT / place).exists()
        and not any(
            rule.broken_by(node)
            for file in modules(*PRODUCT)
            if name(file).startswith(place)
            for node in nodes(file)
        )
    ]

    assert unused == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (runs_data, "eval(text)"),
        (runs_data, "pickle.loads(data)"),
        (runs_data, "yaml.load(text, Loader=L)"),
        (runs_data, "subprocess.run(words, shell=True)"),
        (goes_out, "import urllib.request"),
        (goes_out, "from urllib import request"),
        (goes_out, "from requests.adapters import HTTPAdapter"),
        (goes_out, "import http.client as h"),
        (leaves_out_the_csrf_check, "@csrf_exempt\ndef view(request): ..."),
        (leaves_out_the_csrf_check, "decorators.csrf.csrf_exempt(view)"),
        (builds_sql, "cursor.execute(f'SELECT {column}')"),
        (builds_sql, "cursor.execute('SELECT ' + column)"),
        (builds_sql, "cursor.execute('SELECT %s' % column)"),
        (builds_sql, "cursor.execute(query)"),
        (builds_sql, "Model.objects.raw('SELECT {}'.format(x))"),
        (names_columns, "rows.order_by(request.GET['sort'])"),
        (names_columns, "rows.values(*names)"),
        (names_columns, "rows.order_by(f'-{name}')"),
        (compares_secrets, "given.token == expected"),
        (compares_secrets, "expected != row['signature']"),
        (compares_secrets, "compute_digest(x) == digest"),
        (trusts_anybody, "requests.get(url, verify=False)"),
        (trusts_anybody, "context.check_hostname = False"),
        (trusts_anybody, "context.verify_mode = ssl.CERT_NONE"),
    ],
)
def test_a_rule_sees_what_it_is_for(rule: Callable[[ast.AST], bool], source: str) -> None:
    assert any(rule(node) for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (runs_data, "subprocess.run(words, shell=False)"),
        (builds_sql, "cursor.execute('SELECT %s', [x])"),
        (builds_sql, "cursor.execute(sql.CLAIM, {})"),
        (names_columns, "rows.order_by('-at', F('x').desc())"),
        (compares_secrets, "token == ''"),
        (compares_secrets, "row.number == number"),
        (goes_out, "from urllib.parse import urlsplit"),
    ],
)
def test_a_rule_leaves_alone_what_is_right(rule: Callable[[ast.AST], bool], source: str) -> None:
    assert not any(rule(node) for node in ast.walk(ast.parse(source)))


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return ast.unparse(call.func).rpartition(".")[2]


def _last_name(node: ast.expr) -> str:
    """`x` of x, a.x, a["x"] and a.x(...)."""
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Subscript):
        index = node.slice
        named = isinstance(index, ast.Constant) and isinstance(index.value, str)
        return str(index.value) if named else _last_name(node.value)  # type: ignore[attr-defined]
    return ast.unparse(node).rpartition(".")[2]


def _is_written_out(node: ast.expr) -> bool:
    """A text, a constant in capitals, or a text with such constants in it."""
    if isinstance(node, ast.JoinedStr):
        return all(_is_written_out(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _is_written_out(node.value)
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.Name | ast.Attribute) and _last_name(node).lstrip("_").isupper()


def _is_column(node: ast.expr) -> bool:
    """A written name, or an expression of Django, whose names are written as well."""
    if isinstance(node, ast.Call | ast.UnaryOp):
        return True
    if isinstance(node, ast.Starred):
        return _is_written_out(node.value)
    return _is_written_out(node)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
