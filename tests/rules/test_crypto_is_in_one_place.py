"""All cryptography and randomness is in connector/crypto, where it is reviewed."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.rules.tree import nodes

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "connector" / "crypto"
GUARDED = {"nacl", "hmac", "hashlib", "secrets", "random", "argon2", "cryptography", "jwt"}


def _imports(tree: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in tree:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]
        elif (
            isinstance(node, ast.Call)
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
            and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")
        ):
            yield node.lineno, node.args[0].value.split(".")[0]


def test_nothing_else_imports_a_module_of_cryptography() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for package in ("connector", "appliance")
        for path in sorted((ROOT / package).rglob("*.py"))
        if HOME not in path.parents
        for line, name in _imports(nodes(path))
        if name in GUARDED
    ]

    assert found == []


def test_the_rule_sees_every_way_of_importing() -> None:
    source = (
        "import hmac, os\n"
        "import nacl.bindings as b\n"
        "def f():\n"
        "    from hashlib import sha256\n"
        "    importlib.import_module('secrets')\n"
        "    __import__('random')\n"
        "from .hmac import x\n"
    )

    assert {name for _, name in _imports(ast.walk(ast.parse(source)))} & GUARDED == {
        "hmac",
        "nacl",
        "hashlib",
        "secrets",
        "random",
    }


def test_the_crypto_floor_imports_no_other_floor() -> None:
    for path in sorted(HOME.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("connector")
        }

        assert all((module or "").startswith("connector.crypto") for module in modules), path.name


def test_the_inventory_names_every_file_that_uses_cryptography() -> None:
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = security.split("## Cryptography in use", 1)[1].split("\n## ", 1)[0]
    using = {
        str(path.relative_to(ROOT))
        for path in HOME.glob("*.py")
        if {name for _, name in _imports(nodes(path))} & {*GUARDED, "shamir_mnemonic", "jwt"}
    }

    assert sorted(one for one in using if f"| `{one}` |" not in table) == []
