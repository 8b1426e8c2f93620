"""appliance.settings as a production box has them, in processes of their own"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from appliance.home import Home
from appliance.keyrings.create import create_keyrings
from tests.rules.tree import ROOT

PRINT = """
import json, sys
sys.argv = json.loads(sys.argv[1])
import django
django.setup()
from django.conf import settings
names = sys.stdin.read().split()
print(json.dumps({name: getattr(settings, name) for name in names}, default=str))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A box with keys, not made by quickstart."""
    made = Home(tmp_path_factory.mktemp("box") / "home")
    made.create()
    made.path.chmod(0o700)
    create_keyrings(made.path, passphrase=None)
    for role in ("owner", "web", "worker"):
        made.password_file(role).touch(mode=0o600)
        made.password_file(role).write_text(f"a password of {role} alone")
    return made


def started(
    home: Home,
    *names: str,
    argv: tuple[str, ...] = ("gunicorn",),
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRINT, json.dumps(argv)],
        input=" ".join(names),
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "appliance.settings",
            "CONNECTOR_HOME": str(home.path),
            "CONNECTOR_HOSTS": "box.example",
            **(variables or {}),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def of(home: Home, *names: str, **more: Any) -> dict[str, Any]:
    done = started(home, *names, **more)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_web_in_production_is_safe_by_default(home: Home) -> None:
    found = of(
        home,
        *("MODE", "PROCESS", "DEBUG", "PASSWORD_HASHERS", "CONNECTOR_ALLOW_LOOPBACK"),
        *("SECURE_HSTS_SECONDS", "SESSION_COOKIE_AGE", "INSTALLED_APPS", "CACHES"),
    )

    assert (found["MODE"], found["PROCESS"], found["DEBUG"]) == ("production", "web", False)
    assert found["PASSWORD_HASHERS"][0] == "appliance.accounts.hashers.Scrypt"
    assert found["CONNECTOR_ALLOW_LOOPBACK"] is False
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["SESSION_COOKIE_AGE"] <= 86_400
    assert "django_q" not in found["INSTALLED_APPS"]
    assert found["CACHES"]["default"]["BACKEND"].endswith("SharedCache")  # it unpickles nothing


def test_cookies_stay_with_the_host_and_travel_encrypted(home: Home) -> None:
    found = of(
        home,
        *("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE"),
        *("CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE"),
    )

    assert found["SESSION_COOKIE_NAME"] == "__Host-session"
    assert found["CSRF_COOKIE_NAME"] == "__Host-csrf"
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_HTTPONLY"] is True
    assert found["SESSION_COOKIE_SAMESITE"] == "Strict"


def test_pages_run_no_foreign_and_no_inline_code(home: Home) -> None:
    found = of(home, "CONTENT_SECURITY_POLICY")["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]

    assert found["default-src"] == ["'none'"]
    assert "unsafe" not in json.dumps(found)
    assert "*" not in json.dumps(found)


def test_django_finds_nothing_unsafe_in_a_production_box(home: Home) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "CONNECTOR_HOME": str(home.path),
            "CONNECTOR_PROCESS": "web",
            "CONNECTOR_HOSTS": "box.example",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "System check identified no issues (0 silenced).\n"


def test_web_and_worker_share_no_secret_key_and_no_password(home: Home) -> None:
    web = of(home, "SECRET_KEY", "DATABASES", "KEYRING_FILE")
    worker = of(
        home, "SECRET_KEY", "DATABASES", "KEYRING_FILE", "Q_CLUSTER", argv=("manage.py", "work")
    )

    assert web["SECRET_KEY"] != worker["SECRET_KEY"]
    assert web["KEYRING_FILE"].endswith("web.keyring")
    assert worker["KEYRING_FILE"].endswith("worker.keyring")
    assert web["DATABASES"]["default"]["USER"] == "connector_web"
    assert worker["DATABASES"]["default"]["PASSWORD"] == "a password of worker alone"
    assert worker["Q_CLUSTER"]["save_limit"] == -1


def test_the_owner_holds_no_key(home: Home) -> None:
    found = of(home, "PROCESS", "KEYRING_FILE", "SECRET_KEY", argv=("manage.py", "migrate"))
    again = of(home, "SECRET_KEY", argv=("manage.py", "migrate"))

    assert (found["PROCESS"], found["KEYRING_FILE"]) == ("owner", None)
    assert found["SECRET_KEY"] != again["SECRET_KEY"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"CONNECTOR_DEBUG": "true"}, "CONNECTOR_DEBUG is on"),
        ({"CONNECTOR_DEBUG": "1"}, "CONNECTOR_DEBUG must be"),
        ({"CONNECTOR_HOSTS": "*"}, "CONNECTOR_HOSTS must name"),
        ({"CONNECTOR_HOSTS": ""}, "CONNECTOR_HOSTS must name"),
        ({"CONNECTOR_SESSION_S": "999999"}, "CONNECTOR_SESSION_S must be 60 to 86400"),
        ({"CONNECTOR_WORKERS": "none"}, "CONNECTOR_WORKERS must be 1 to 32"),
        ({"CONNECTOR_MODE": "test"}, "one of production, practice"),
        ({"CONNECTOR_PROCESS": "all"}, "one of web, worker, owner"),
        ({"DATABASE_URL": "postgres://me@db.example/box"}, "sslmode=verify-full"),
        ({"CONNECTOR_HOME": "/absent"}, "there is no box at /absent"),
    ],
)
def test_what_is_unsafe_does_not_start(home: Home, variables: dict[str, str], words: str) -> None:
    done = started(home, "MODE", variables=variables)

    assert done.returncode != 0
    assert words in done.stderr
    assert "a password of" not in done.stderr


@pytest.mark.parametrize("process", ["gunicorn", "manage.py work"])
def test_without_a_keyring_that_can_be_used_a_box_starts_and_signs_for_nobody(
    home: Home, process: str
) -> None:
    """It stays up and says what it lacks: appliance.keyrings.gate."""
    argv = tuple(process.split())

    one = of(home, "SECRET_KEY", argv=argv, variables={"CONNECTOR_KEYRING_FILE": "/absent"})
    two = of(home, "SECRET_KEY", argv=argv, variables={"CONNECTOR_KEYRING_FILE": "/absent"})

    assert one["SECRET_KEY"] != two["SECRET_KEY"]
