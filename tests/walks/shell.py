"""Commands of a box one after the other in one process: starting one for each takes seconds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.quickstart.children import ROOT, environment
from tests.walks.live import Live

LOOP = """
import contextlib, io, json, os, sys
import django
django.setup()
from django.core.management import CommandError, call_command

for line in sys.stdin:
    command, secrets, said, code = *json.loads(line), io.StringIO(), 0
    os.environ.update(secrets)
    try:
        with contextlib.redirect_stdout(said):
            call_command(*command, stdout=said, stderr=said)
    except CommandError as exc:
        said.write(str(exc))
        code = exc.returncode
    for name in secrets:
        del os.environ[name]
    print(json.dumps([code, said.getvalue()]), flush=True)
"""


class Shell:
    """Each call is one command; secrets are variables while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def __call__(self, *command: str, **secrets: str) -> tuple[int, str]:
        """The exit code of a command and all that it said."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([command, secrets]) + "\n")
        self.process.stdin.flush()
        code, said = json.loads(self.process.stdout.readline())
        return int(code), str(said)


@contextmanager
def shell(live: Live) -> Iterator[Shell]:
    """A process of the box as web has it, whose own log is one of those of the box."""
    with (
        (live.home.log / "shell.log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-c", LOOP],
            env=environment(live.home, "web"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield Shell(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(10)
