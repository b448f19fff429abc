"""Somebody who looks at the page: the page in a browser of its own, and what the browser complains of."""

import re
from typing import Protocol

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Locator, Page, expect

PATIENCE_MS = 20_000
"""How long is waited for what must happen; it happens much sooner."""

# What a browser says of a server that is away: the very thing that some tests bring about.
_AWAY = re.compile(r"net::ERR_(CONNECTION_|EMPTY_RESPONSE|INCOMPLETE)|WebSocket connection to .* failed")

expect.set_options(timeout=PATIENCE_MS)


class OpenVisitor(Protocol):
    """Opens a browser with Playwright's options of a context."""

    def __call__(self, **options: object) -> "Visitor":
        """A visitor with nothing open yet."""


class Visitor:
    """A page, with its complaints noted: errors, warnings and violations of the content security policy.

    Args:
        context: a fresh one.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._said)
        self.page.on("pageerror", self._failed)

    def open(self, url: str) -> Page:
        """Go to an address; whether the page is loaded anew later is told by ``reloaded``."""
        self.page.goto(url)
        self.page.evaluate("window.sinceOpened = true")
        return self.page

    @property
    def reloaded(self) -> bool:
        """Whether the page is another one than that which was opened."""
        return not self.page.evaluate("window.sinceOpened === true")

    def row(self, name: str) -> Locator:
        """The row of a table that begins with a name."""
        header = self.page.get_by_text(name, exact=True)
        return self.page.locator("tr.level-1").filter(has=self.page.locator(".name > bdi:not(.title)").and_(header))

    def cell(self, name: str, label: str) -> Locator:
        """A cell of that row."""
        return self.row(name).locator(f'[data-label="{label}"]')

    def names(self, table: str) -> list[str]:
        """What the rows of a table are called, from above."""
        return self.page.locator(f"table.{table} tr.level-1 .name > bdi:not(.title)").all_text_contents()

    def state(self, words: str) -> None:
        """Wait until the page says how it gets its news."""
        expect(self.page.locator("#status")).to_have_text(words)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _AWAY.search(message.text):
            self.complaints.append(message.text)

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))
