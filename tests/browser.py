"""A headless Chromium that looks at views."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

# Without a graphics card: SwiftShader, which is part of Chromium.
SWITCHES = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WAIT = 60.0  # seconds until it is taken for broken; most are done in one


def chromium() -> str | None:
    """Where the browser is that this machine has."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


needs_chromium = pytest.mark.skipif(
    chromium() is None, reason="there is no Chromium; on Debian apt-get install chromium"
)


class Page:
    """A tab with a view in it.

    Attributes:
        asked: Every address that it asked for something.
    """

    def __init__(self, tab: Any, url: str):
        self._tab = tab
        self.asked: list[str] = []
        tab.on("request", lambda request: self.asked.append(request.url))
        tab.on("websocket", lambda socket: self.asked.append(socket.url))
        tab.set_default_timeout(1000 * WAIT)
        tab.goto(url)
        # viser says for a while, over the picture, that there is no graphics card.
        tab.add_style_tag(content=".mantine-Notifications-root { display: none }")

    def picture(self) -> np.ndarray:
        """What it shows left of the controls, uint8 of shape (height, width, 3)."""
        png = self._tab.screenshot()
        return np.asarray(Image.open(BytesIO(png)).convert("RGB"))[:, :520]

    def settled(self, unlike: np.ndarray | None = None) -> np.ndarray:
        """The picture once it no longer changes, and is not that one."""
        before = self.picture()
        for _ in range(int(WAIT)):
            self._tab.wait_for_timeout(300)
            now = self.picture()
            red = (now[..., 0].astype(int) - now[..., 1]).max()
            done = np.array_equal(before, now) and red > 80  # what is shown is red
            if done and (unlike is None or differs(now, unlike)):
                return now
            before = now
        raise AssertionError("the picture did not settle, or did not change")

    def text(self) -> str:
        """All that is written."""
        return self._tab.inner_text("body")

    def slide(self, label: str, value: int) -> None:
        """Moves the slider of that label, by the number beside it."""
        row = self._tab.get_by_text(label, exact=True).locator("xpath=ancestor::*[.//input][1]")
        box = row.locator("input").last
        box.fill(str(value))
        box.press("Enter")

    def click(self, name: str) -> None:
        """Presses the button of that name."""
        self._tab.get_by_role("button", name=name, exact=True).click()


def differs(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether a part of the picture changed that a person would see."""
    return float((abs(a.astype(int) - b).max(axis=2) > 30).mean()) > 0.01


@contextmanager
def opened(url: str) -> Iterator[Page]:
    """Opens a view."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", *SWITCHES], timeout=1000 * WAIT
        )
        try:
            yield Page(browser.new_page(viewport={"width": 800, "height": 400}), url)
        finally:
            browser.close()
