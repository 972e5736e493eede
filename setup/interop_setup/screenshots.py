"""``./setup/screenshots``: the pictures of the README, from the running demo."""

import argparse
import http.cookiejar
import importlib.util
import io
import json
import os
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from . import browser, paths
from .chrome import Browser
from .demo.state import STATE
from .errors import SetupError
from .progress import say, step

DOCS = paths.ROOT / "docs"
SIZE = (1440, 860)
COLORS = 96  # a compromise between file size and quality
IDLE = (
    "document.readyState === 'complete'"
    " && !document.querySelector("
    "'.o_blockUI, .o_loading_indicator, .o_view_sample_data')"
    " && !!document.querySelector({selector!r})"
)


# Clicks the element that matches a selector and contains a text; false until it exists.
CLICK = (
    "(found => found ? (found.click(), true) : false)"
    "([...document.querySelectorAll({selector})].find("
    "item => item.textContent.includes({text})))"
)
ACTIVE = (
    "[...document.querySelectorAll('.o_notebook .nav-link.active')]"
    ".some(link => link.textContent.includes({text}))"
)
RECORDS = ".o_kanban_record:not(.o_kanban_ghost), .o_data_row .o_data_cell"
FORM = ".o_form_view .o_form_sheet"


@dataclass(frozen=True)
class Shot:
    """One picture.

    :param name: name of its file
    :param login: login of the user, which is also the password
    :param action: XML id of the action to open
    :param record: text in the record to open from the list; the first record if empty, no
        record if ``None``
    :param tab: text of the tab to open in the form
    :param height: height of the picture in pixels
    """

    name: str
    login: str
    action: str
    record: str | None = None
    tab: str = ""
    height: int = SIZE[1]


SHOTS = (
    Shot(
        "interfaces",
        "administrator",
        "interop_base.interop_interface_action",
        height=620,
    ),
    Shot("messages", "user", "interop_base.interop_message_action", height=760),
    Shot(
        "failed",
        "operator",
        "interop_base.interop_message_action_failed",
        "Credit",
        height=800,
    ),
    Shot(
        "decision",
        "user",
        "interop_base.interop_message_action_mine",
        "Provider",
        height=620,
    ),
    Shot(
        "provider",
        "user",
        "interop_care.res_partner_action_provider",
        "Eric van den broek",
        "Identifiers",
        height=660,
    ),
    Shot(
        "endpoint",
        "administrator",
        "interop_base.interop_endpoint_action",
        "Clearing house",
        height=680,
    ),
)


def main(arguments: list[str]) -> int:
    """Take the pictures into ``docs/``."""
    parser = argparse.ArgumentParser(
        prog="setup/screenshots",
        description="Take the README's pictures from the running demo (./setup/demo).",
    )
    parser.add_argument("names", nargs="*", help="only these")
    options = parser.parse_args(arguments)
    state = _state()
    if importlib.util.find_spec("websocket") is None:
        _restart(arguments)
    with Browser(browser.ensure(), paths.RUN / "screenshots", SIZE) as page:
        for shot in SHOTS:
            if not options.names or shot.name in options.names:
                with step(f"{shot.name}, as {shot.login}"):
                    _sign_in(page, state, shot.login)
                    _take(page, state["url"], shot)
    return 0


def _state() -> dict:
    """Return address and database of the running demo.

    :raises SetupError: no demo is running
    """
    try:
        return json.loads(STATE.read_text("utf-8"))
    except FileNotFoundError:
        raise SetupError(
            "No demo is running.",
            "Start ./setup/demo in another terminal and wait for its table.",
        ) from None


def _restart(arguments: list[str]) -> None:
    """Run the command again with the Python of the virtual environment."""
    os.execve(
        paths.VENV_PYTHON,
        [
            str(paths.VENV_PYTHON),
            str(paths.SETUP / "interop_setup"),
            "screenshots",
            *arguments,
        ],
        dict(os.environ),
    )


def _sign_in(page: Browser, state: dict, login: str) -> None:
    """Give the browser the session of a login."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    values = {"db": state["database"], "login": login, "password": login}
    request = urllib.request.Request(
        f"{state['url']}/web/session/authenticate",
        data=json.dumps({"jsonrpc": "2.0", "params": values}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with opener.open(request, timeout=60):
        pass
    session = next(cookie for cookie in jar if cookie.name == "session_id")
    page.command("Network.clearBrowserCookies")
    page.command(
        "Network.setCookie", name="session_id", value=session.value, url=state["url"]
    )


def _take(page: Browser, url: str, shot: Shot) -> None:
    """Open the page of a picture and save the picture."""
    page.open("about:blank")
    page.open(f"{url}/odoo/action-{shot.action}")
    page.wait_for(IDLE.format(selector=RECORDS), "the records")
    if shot.record is not None:
        _click(page, RECORDS, shot.record)
        page.wait_for(IDLE.format(selector=FORM), "the form")
    if shot.tab:
        _click(page, ".o_notebook .nav-link", shot.tab)
        # The previous tab stays visible until the content of this tab is loaded.
        page.wait_for(ACTIVE.format(text=json.dumps(shot.tab)), "the tab")
        page.wait_for(IDLE.format(selector=".tab-pane.active"), "its content")
    page.wait_for(
        "document.getAnimations().every(one => one.playState !== 'running')",
        "the end of animations",
    )
    page.wait_for("document.fonts.status === 'loaded'", "the fonts")
    page.wait_for("[...document.images].every(image => image.complete)", "the images")
    _save(page.picture(), DOCS / f"{shot.name}.png", shot.height)


def _click(page: Browser, selector: str, text: str) -> None:
    """Click the element with a text as soon as it exists."""
    script = CLICK.format(selector=json.dumps(selector), text=json.dumps(text))
    page.wait_for(script, text)


def _save(picture: bytes, path: Path, height: int) -> None:
    """Save a picture cut to its height, with few colors."""
    from PIL import Image  # of the project's environment

    path.parent.mkdir(exist_ok=True)
    with Image.open(io.BytesIO(picture)) as image:
        cut = image.convert("RGB").crop((0, 0, image.width, min(height, image.height)))
        cut.quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    say(f"    {path.relative_to(paths.ROOT)}: {path.stat().st_size // 1024} KB")
