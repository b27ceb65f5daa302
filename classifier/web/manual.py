"""The manual inside the site: the Markdown under docs/, turned into pages with the site's own look and links.

The same files make the documentation that Sphinx builds. Here they need no build: pyromark turns one into HTML when
somebody opens it, and this module does what belongs to the site: addresses, headings that can be linked to, and what
the Content-Security-Policy refuses.
"""

import html
import posixpath
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyromark
from django.conf import settings
from django.urls import reverse

from toxicsite.lib.operations import OPERATIONS_MARK, operations_table

DOCS = Path(settings.BASE_DIR) / "docs"
API_FILE = Path(settings.BASE_DIR) / "classifier" / "api" / "openapi.yaml"
OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
SNIPPET = 160

_DIRECTIVE = re.compile(r"^```\{(\w+)\}([^\n]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_IMAGE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"[^>]*/?>')
_ALIGNED = re.compile(r' style="text-align: (left|right|center)"')
_TAG = re.compile(r"<[^>]+>")
_NOTE = re.compile(r"<!--.*?-->", re.DOTALL)
_SOURCE_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class Heading:
    """A heading of the second level: its anchor and its words."""

    anchor: str
    title: str


@dataclass(frozen=True)
class ManualPage:
    """A page: its path under /help/, its title, its HTML, what it lists below itself, and the one above it."""

    path: str
    title: str
    content: str
    headings: tuple[Heading, ...]
    below: tuple[tuple[str, str], ...]
    above: str | None


@dataclass(frozen=True)
class Found:
    """A page that holds all words of a search, with the line that holds the first."""

    path: str
    title: str
    line: str


@cache
def manual_files() -> dict[str, Path]:
    """Return the files by path: `guide/queue`, `guide` for guide/index.md, and the empty path for index.md."""
    files = {}
    for file in sorted(DOCS.rglob("*.md")):
        path = file.relative_to(DOCS).with_suffix("").as_posix()
        files["" if path == "index" else path.removesuffix("/index")] = file
    return files


@cache
def manual_page(path: str) -> ManualPage | None:
    """Return the page of this path; None where the manual has none."""
    file = manual_files().get(path)
    if file is None:
        return None
    text = file.read_text(encoding="utf-8")
    below: list[str] = []
    base = file.relative_to(DOCS).parent.as_posix()

    def directive(match: re.Match[str]) -> str:
        nonlocal base
        if match[1] == "toctree":
            below.extend(_entries(match[3], base))
            return ""
        included = (file.parent / match[2].strip()).resolve()
        base = posixpath.relpath(included.parent, DOCS)
        return included.read_text(encoding="utf-8")

    text = _DIRECTIVE.sub(directive, text)
    if OPERATIONS_MARK in text:
        text = text.replace(OPERATIONS_MARK, operations_table(API_FILE))
    headings: list[Heading] = []
    used: dict[str, int] = {}

    def heading(match: re.Match[str]) -> str:
        words = html.unescape(_TAG.sub("", match[2]))
        anchor = _anchor(words, used)
        if match[1] == "2":
            headings.append(Heading(anchor, words))
        return f'<h{match[1]} id="{html.escape(anchor)}">{match[2]}</h{match[1]}>'

    content = _HEADING.sub(heading, pyromark.html(_NOTE.sub("", text), options=OPTIONS))
    content = _LINK.sub(lambda match: _link(match, base), content)
    content = _IMAGE.sub(lambda match: f"<p><i>{match[2]}</i></p>", content)
    content = _ALIGNED.sub(lambda match: ' class="num"' if match[1] == "right" else "", content)
    content = content.replace("<table>", '<div class="records" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    content = content.replace("<pre>", '<pre tabindex="0">')
    title = _title(text)
    titled = tuple((one, _title(manual_files()[one].read_text(encoding="utf-8"))) for one in below)
    above = None if not path else posixpath.dirname(path)
    return ManualPage(path, title, content, tuple(headings), titled, above)


def manual_search(words: str, most: int = 30) -> list[Found]:
    """Return the pages that hold every one of the words, those that have one in their title first."""
    wanted = words.casefold().split()
    found: list[tuple[bool, Found]] = []
    for path, text in _texts().items() if wanted else ():
        whole = text.casefold()
        if not all(word in whole for word in wanted):
            continue
        title = text.split("\n", 1)[0]
        line = next((line for line in text.split("\n")[1:] if wanted[0] in line.casefold()), "")
        in_title = any(word in title.casefold() for word in wanted)
        found.append((not in_title, Found(path, title, _around(line, wanted[0]))))
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].title))][:most]


@cache
def _texts() -> dict[str, str]:
    """Return the words of each page without its markup, the title in the first line."""
    texts = {}
    for path in manual_files():
        page = manual_page(path)
        if page is not None:
            body = page.content.split("</h1>", 1)[-1]
            texts[path] = f"{page.title}\n{html.unescape(_TAG.sub('', body))}"
    return texts


def _entries(body: str, base: str) -> list[str]:
    names = [line.strip() for line in body.split("\n") if line.strip() and not line.startswith(":")]
    return [posixpath.normpath(posixpath.join(base, name)).removesuffix("/index") for name in names]


def _title(text: str) -> str:
    line = next((line for line in text.split("\n") if line.startswith("# ")), "")
    if not line and (match := _DIRECTIVE.search(text)) and match[1] == "include":
        included = Path(match[2].strip()).name.removesuffix(".md").casefold()
        return included.capitalize()
    return _SOURCE_LINK.sub(r"\1", line.removeprefix("# ")).replace("`", "").replace("*", "").strip()


def _anchor(words: str, used: dict[str, int]) -> str:
    """Return GitHub's anchor of a heading, which the links of the manual use: lower case, hyphens for spaces."""
    anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
    count = used.get(anchor, 0)
    used[anchor] = count + 1
    return f"{anchor}-{count}" if count else anchor


def _link(match: re.Match[str], base: str) -> str:
    """Lead a link between pages to the page here; one to a file of the repository stays as its words."""
    target, words = html.unescape(match[1]), match[2]
    if target.startswith(("http://", "https://", "#")):
        return match[0]
    name, _, fragment = target.partition("#")
    path = posixpath.normpath(posixpath.join(base, name)).removesuffix(".md")
    path = "" if path == "index" else path.removesuffix("/index").removeprefix("../docs/")
    if path not in manual_files():
        return words
    address = reverse("help-page", args=[path]) if path else reverse("help")
    return f'<a href="{html.escape(address + (f"#{fragment}" if fragment else ""))}">{words}</a>'


def _around(line: str, word: str) -> str:
    at = max(0, line.casefold().find(word) - SNIPPET // 2)
    cut = line[at : at + SNIPPET].strip()
    return ("…" if at else "") + cut + ("…" if at + SNIPPET < len(line) else "")
