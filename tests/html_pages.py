"""What every page that a notebook shows has to be."""

from html.parser import HTMLParser

VOID = ("circle", "polygon", "polyline", "rect")


class Page(HTMLParser):
    """Reads a page: `text` is what it says, `badges` what it marks in red, `tags` what it uses."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.badges: list[str] = []
        self.tags: list[str] = []
        self._open: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert not self._open, f"not closed: {self._open}"
        assert not {"script", "link", "img", "iframe"} & set(self.tags)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        names = dict(attrs)
        assert not any(name.startswith("on") or name in ("src", "href") for name in names), names
        self._open.append((tag, names.get("class") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1][0] == tag, f"</{tag}> closes {self._open}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "style":
            assert "@import" not in data and "url(" not in data
            return
        self.text += data + " "
        if "gs-bad" in self._open[-1][1]:
            self.badges.append(data)
