"""appliance.gunicorn_conf, as gunicorn itself reads it"""

import sys
from typing import Any

import pytest
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.workers.gthread import ThreadWorker

from appliance.logs.gunicorn import Logger
from appliance.quickstart.box import gunicorn


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "GUNICORN_CMD_ARGS"):
        monkeypatch.delenv(name, raising=False)

    def read_(command: list[str], **variables: str) -> Any:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert command[:2] == ["-m", "gunicorn"]
        monkeypatch.setattr(sys, "argv", command[1:])
        monkeypatch.delitem(sys.modules, "appliance.gunicorn_conf", raising=False)
        return WSGIApplication().cfg

    return read_


def test_quickstart_serves_with_our_logs_and_threads_and_believes_no_header(read: Any) -> None:
    cfg = read(gunicorn(8123))

    assert cfg.bind == ["127.0.0.1:8123"]
    assert cfg.wsgi_app == "appliance.wsgi:application"
    assert cfg.logger_class is Logger
    assert cfg.worker_class is ThreadWorker
    assert (cfg.workers, cfg.threads, cfg.graceful_timeout) == (2, 4, 10)
    assert cfg.control_socket_disable is True
    assert cfg.forwarded_allow_ips == [] and cfg.forwarder_headers == []
    assert cfg.secure_scheme_headers == {} and cfg.header_map == "drop"


def test_the_environment_says_how_many_and_believes_nobody_else(read: Any) -> None:
    cfg = read(
        gunicorn(8123),
        CONNECTOR_WEB_WORKERS="5",
        CONNECTOR_WEB_THREADS="7",
        WEB_CONCURRENCY="9",
        FORWARDED_ALLOW_IPS="*",
    )

    assert (cfg.workers, cfg.threads) == (5, 7)
    assert cfg.forwarded_allow_ips == []


@pytest.mark.parametrize("name", ["CONNECTOR_WEB_WORKERS", "CONNECTOR_WEB_THREADS"])
def test_a_number_that_is_none_starts_nothing(
    name: str, read: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read(gunicorn(8123), **{name: "many"})

    assert f"{name} must be 1 to" in capsys.readouterr().err


def test_every_name_is_a_setting_of_gunicorn(read: Any) -> None:
    """gunicorn leaves out names that it does not know."""
    from appliance import gunicorn_conf

    ours = {name for name in vars(gunicorn_conf) if not name.startswith("__")} - {"env"}

    assert ours <= read(gunicorn(8123)).settings.keys()
