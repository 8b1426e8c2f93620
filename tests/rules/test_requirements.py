"""requirements.txt and docker/requirements.txt: what is used is pinned, what is pinned is used"""

import ast
import re
import sys
from importlib import metadata

from tests.rules.tree import MADE, modules, nodes, read

NOT_IMPORTED_YET = {
    "requests-oauthlib",
}
NOT_IMPORTED_EVER = {
    "gunicorn": "started as a program",
    "tzdata": "read by zoneinfo",
    "django-q2": "an app of the worker",
    "argon2-cffi": "Django's hasher loads it",
}
DISTRIBUTION = {
    "django": "django",
    "allauth": "django-allauth",
    "argon2": "argon2-cffi",
    "csp": "django-csp",
    "django_q": "django-q2",
    "yaml": "pyyaml",
    "jwt": "pyjwt",
    "nacl": "pynacl",
    "picklefield": "django-picklefield",
    "psycopg": "psycopg",
    "pythonjsonlogger": "python-json-logger",
    "shamir_mnemonic": "shamir-mnemonic",
    "rest_framework": "djangorestframework",
    "requests_oauthlib": "requests-oauthlib",
}


def pins(path: str) -> dict[str, str]:
    """Versions by normalised name."""
    lines = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[\w,]+\])?==([\w.]+)", read(path), re.MULTILINE)
    return {plain(name): version for name, version in lines}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


ALL = pins("requirements.txt")
LOCKED = pins("docker/requirements.txt")


def imported(*folders: str) -> set[str]:
    """Distributions that are imported, or named as an app or middleware."""
    found = set()
    for file in modules(*folders):
        for node in nodes(file):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.split(".")[0])
    named = read("appliance/settings.py")
    found |= {name for name in ("csp", "whitenoise") if f"{name}.middleware" in named}
    ours = {"connector", "appliance", "tests"}
    return {plain(DISTRIBUTION.get(name, name)) for name in found - sys.stdlib_module_names - ours}


def test_every_line_is_a_version() -> None:
    lines = [line for line in read("requirements.txt").splitlines() if line and line[0] != "#"]

    assert [line for line in lines if not re.fullmatch(r"[\w.-]+(\[[\w,]+\])?==[\w.]+", line)] == []
    assert len(ALL) == len(lines)


def test_what_pinned_packages_need_is_pinned_as_well() -> None:
    missing = {
        f"{name} needs {needed}"
        for name in ALL
        for needed in _needs(name)
        if plain(needed) not in ALL
    }

    assert missing == set()


def test_everything_that_the_box_imports_is_locked() -> None:
    assert imported("connector", "appliance") - set(LOCKED) == set()


def test_everything_that_the_box_asks_for_is_imported() -> None:
    asked = {
        plain(line.split("[")[0])
        for line in read("docker/requirements.in").splitlines()
        if line and line[0] not in "#-"
    }

    unused = asked - imported("connector", "appliance") - set(NOT_IMPORTED_EVER)
    assert unused == NOT_IMPORTED_YET


def test_both_files_have_the_same_versions() -> None:
    assert {name: ALL.get(name) for name in LOCKED} == LOCKED


def test_every_locked_version_has_a_digest() -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", read("docker/requirements.txt"), flags=re.MULTILINE)[1:]

    assert len(entries) == len(LOCKED)
    assert [entry[:40] for entry in entries if "--hash=sha256:" not in entry] == []


def test_tests_import_nothing_that_is_not_pinned() -> None:
    folders = [f"tests/{name}" for name in ("appliance", "connector", "fakes", "rules", "walks")]

    assert imported(*folders) - set(ALL) - MADE == set()


def _needs(name: str) -> list[str]:
    found = []
    for line in metadata.requires(name) or []:
        needed, _, marker = line.partition(";")
        if "extra" in marker or "win" in marker.lower() or "python_version <" in marker:
            continue
        if "emscripten" in marker or "python_full_version <" in marker or "PyPy" in marker:
            continue
        found.append(re.match(r"[\w.-]+", needed.strip()).group())  # type: ignore[union-attr]
    return found
