"""Drives a headless Chromium over the DevTools protocol."""

import base64
import json
import subprocess
import time
import urllib.request
from pathlib import Path

from .errors import SetupError
from .files import remove_tree
from .process import clean_environment, is_root, stop

START_SECONDS = 30


class Browser:
    """One Chromium with one page.

    :param program: path of the browser
    :param folder: for its profile; removed at the end
    :param size: of the window, in pixels
    """

    def __init__(self, program: str, folder: Path, size: tuple[int, int]):
        self.program = program
        self.folder = folder
        self.size = size
        self.number = 0

    def __enter__(self) -> "Browser":
        import websocket  # of the project's environment

        remove_tree(self.folder)
        self.folder.mkdir(parents=True)
        self.process = subprocess.Popen(
            [
                self.program,
                "--headless=new",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                *(["--no-sandbox"] if is_root() else []),
                "--remote-debugging-port=0",
                f"--user-data-dir={self.folder}",
                f"--window-size={self.size[0]},{self.size[1]}",
                "about:blank",
            ],
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self.socket = websocket.create_connection(
                self._page(), timeout=60, suppress_origin=True
            )
            width, height = self.size
            self.command(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=height,
                deviceScaleFactor=1,
                mobile=False,
            )
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()
        self._end()

    def _end(self) -> None:
        """End the process and remove its profile."""
        stop(self.process, 10)
        remove_tree(self.folder)

    def _page(self) -> str:
        """Address of the page's DevTools socket.

        :raises SetupError: the browser did not start
        """
        announced = self.folder / "DevToolsActivePort"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            lines = announced.read_text().split() if announced.exists() else []
            if len(lines) > 1:
                url = f"http://127.0.0.1:{lines[0]}/json/list"
                with urllib.request.urlopen(url, timeout=10) as answer:
                    targets = json.load(answer)
                pages = [item for item in targets if item["type"] == "page"]
                if pages:
                    return pages[0]["webSocketDebuggerUrl"]
            time.sleep(0.1)
        raise SetupError("The browser did not start.", f"Try {self.program} by hand.")

    def command(self, method: str, **params: object) -> dict:
        """Send one command and return its result.

        :raises SetupError: the browser refused the command
        """
        self.number += 1
        self.socket.send(
            json.dumps({"id": self.number, "method": method, "params": params})
        )
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SetupError(f"{method}: {answer['error']}", "Try again.")
                return answer["result"]

    def run(self, script: str) -> object:
        """The value of a JavaScript expression in the page."""
        result = self.command("Runtime.evaluate", expression=script, returnByValue=True)
        return result["result"].get("value")

    def open(self, url: str) -> None:
        """Go to a page."""
        self.command("Page.navigate", url=url)

    def wait_for(self, script: str, what: str, seconds: float = 60) -> None:
        """Wait until an expression is true in the page.

        :raises SetupError: the expression is not true in time
        """
        deadline = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > deadline:
                raise SetupError(
                    f"The browser still waits for {what}.",
                    f"Open {self.run('location.href')} in a browser.",
                )
            time.sleep(0.1)

    def picture(self) -> bytes:
        """The page as it is shown, as PNG."""
        result = self.command("Page.captureScreenshot", format="png")
        return base64.b64decode(result["data"])
