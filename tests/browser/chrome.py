"""A headless Chromium driven through its debugging pipe: no port, no library."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SILENT_S = 60.0
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

# Chromium reads its commands from file 3 and answers into file 4.
_WITH_PIPES = """
import fcntl, os, sys
commands, answers = (fcntl.fcntl(int(name), fcntl.F_DUPFD, 10) for name in sys.argv[1:3])
os.dup2(commands, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def program() -> str | None:
    """The path of a Chromium, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Tab:
    """One page. `errors` collects what its console says, refusals by the policy included."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._out, self._in = os.fdopen(to_browser, "wb"), os.fdopen(from_browser, "rb")
        self._number, self._session, self._rest = 0, "", b""
        self._events: list[dict[str, Any]] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                found: dict[str, Any] = answer["result"]
                return found
            self._note(answer)

    def look(self, *, width: int, dark: bool = False, scripts: bool = True) -> None:
        """Set the size of the window, the theme of the system and whether scripts run."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=844 if width < 600 else 800,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)

    def cookie(self, address: str, name: str, value: str) -> None:
        self.call("Network.setCookie", url=address, name=name, value=value)

    def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""
        self._events.clear()
        self.call("Page.navigate", url=address)
        self.wait("Page.loadEventFired")

    def wait(self, event: str) -> None:
        while not any(one["method"] == event for one in self._events):
            self._note(self._read())

    def say(self, expression: str, *, wait: bool = False) -> Any:
        """The value of a JavaScript expression on the page, or of its promise if we wait."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=wait
        )
        return answer["result"].get("value")

    def press(self, key: str, *, moves: bool = False) -> None:
        """Press one key; `moves` waits for the page that it leads to."""
        self._events.clear()
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
        if moves:
            self.wait("Page.loadEventFired")

    def fill(self, values: Mapping[str, str]) -> None:
        """Type into fields by their names, as a person does, scripts or not."""
        for name, value in values.items():
            self._to(f'[name="{name}"]')
            self.call("Input.insertText", text=value)

    def submit(self, action: str) -> None:
        """Press the button of the form with this address, and wait for the next page."""
        self._events.clear()
        self._to(f'form[action="{action}"] button')
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key="Enter",
                text="\r",
                windowsVirtualKeyCode=13,
            )
        self.wait("Page.loadEventFired")

    def _to(self, selector: str) -> None:
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.focus", nodeId=node)

    def shot(self, path: Path, *, whole: bool = False) -> None:
        image = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
            image = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(image["data"]))

    def close(self) -> None:
        self._out.close()
        self._in.close()

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], SILENT_S)[0]:
                raise RuntimeError(f"the browser has said nothing for {SILENT_S:.0f} s")
            more = self._in.read1(1 << 20)
            if not more:
                raise RuntimeError("the browser has gone")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _note(self, event: Mapping[str, Any]) -> None:
        method, params = event.get("method", ""), event.get("params", {})
        if method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(f"{params['entry'].get('url', '')} {params['entry']['text']}")
        if method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"]["text"])
        self._events.append(dict(event))


@contextmanager
def chrome() -> Iterator[Tab]:
    """A browser with a fresh profile; it is gone, with its profile, at the end."""
    path = program()
    if path is None:
        raise RuntimeError("no Chromium here")
    profile = tempfile.mkdtemp(prefix="mlc-chrome-")
    reads, writes = os.pipe(), os.pipe()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _WITH_PIPES,
            str(reads[0]),
            str(writes[1]),
            path,
            *FLAGS,
            f"--user-data-dir={profile}",
        ],
        pass_fds=(reads[0], writes[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(reads[0])
    os.close(writes[1])
    tab = None
    try:
        tab = Tab(reads[1], writes[0])
        yield tab
    finally:
        process.terminate()
        process.wait(timeout=20)
        if tab is not None:
            tab.close()
        shutil.rmtree(profile, ignore_errors=True)
