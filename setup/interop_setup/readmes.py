"""``README.rst`` and ``static/description/index.html`` of each addon, from its ``readme/``.

The first is what a reader of the repository sees, the second what Odoo's Apps page shows.
``./setup/pages`` writes both. Markdown is read by markdown-it-py, which is a dependency of
development only.
"""

import posixpath
import re
from html import escape

from . import manifests, paths

MADE = "Made by ./setup/pages from the folder readme. Do not change this file."
SECTIONS = (
    ("DESCRIPTION", ""),
    ("CONFIGURE", "Configuration"),
    ("USAGE", "Usage"),
)
UNDERLINES = "=-~^"


def _tokens(text: str) -> list:
    """The blocks of a Markdown text."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table").parse(text)


def _fragments(addon: str) -> list[tuple[str, str]]:
    """Heading and Markdown of each section that an addon has."""
    folder = paths.ADDONS / addon / "readme"
    return [
        (heading, path.read_text("utf-8"))
        for name, heading in SECTIONS
        if (path := folder / f"{name}.md").exists()
    ]


def _others(addon: str) -> list[str]:
    """Names of the pages in ``readme/`` that are pages by themselves."""
    used = {name for name, _heading in SECTIONS}
    folder = paths.ADDONS / addon / "readme"
    return sorted(path.name for path in folder.glob("*.md") if path.stem not in used)


# === RST === #


class _Rst:
    """Writes the tokens of Markdown as reStructuredText."""

    def __init__(self, level: int):
        self.level = level
        self.lines: list[str] = []
        self.indent = ""
        self.marker = ""
        self.lists: list[str] = []

    def write(self, tokens: list) -> list[str]:
        """The lines of these tokens."""
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.type == "table_open":
                end = next(
                    index
                    for index in range(position, len(tokens))
                    if tokens[index].type == "table_close"
                )
                self._table(tokens[position:end])
                position = end
            else:
                self._block(token, tokens[position - 1])
            position += 1
        return self.lines

    def _block(self, token, before) -> None:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            self.lists.append("- " if token.type.startswith("bullet") else "#. ")
            self._gap()
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self.lists.pop()
        elif token.type == "list_item_open":
            self.marker = self.lists[-1]
            self.indent += " " * len(self.marker)
        elif token.type == "list_item_close":
            self.indent = self.indent[: len(self.indent) - len(self.lists[-1])]
        elif token.type == "inline" and before.type == "heading_open":
            level = min(self.level + int(before.tag[1:]) - 2, len(UNDERLINES) - 1)
            title = rst_inline(token.children)
            self.lines += ["", title, UNDERLINES[level] * len(title)]
        elif token.type == "inline":
            self._gap()
            self._add(rst_inline(token.children).splitlines())
        elif token.type == "fence":
            self._gap()
            self._add([f".. code-block:: {token.info or 'text'}", ""])
            self._add([f"   {line}".rstrip() for line in token.content.splitlines()])

    def _gap(self) -> None:
        """An empty line before a block."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def _add(self, lines: list[str]) -> None:
        """Add lines at the indent; the first one takes the marker of its item."""
        for line in lines:
            indent = self.indent
            if self.marker:
                indent = indent[: len(indent) - len(self.marker)] + self.marker
                self.marker = ""
            self.lines.append(f"{indent}{line}".rstrip())

    def _table(self, tokens: list) -> None:
        self._gap()
        self._add([".. list-table::", "   :header-rows: 1", ""])
        first = True
        for token, before in zip(tokens[1:], tokens, strict=False):
            if token.type == "tr_open":
                first = True
            elif token.type == "inline" and before.type in ("th_open", "td_open"):
                text = rst_inline(token.children).replace("\n", " ")
                self._add([f"   {'* ' if first else '  '}- {text}".rstrip()])
                first = False


def rst_inline(children: list) -> str:
    """The text of a paragraph as reStructuredText; marks within marks are left out."""
    parts: list[str] = []
    inside, href, words = "", "", ""
    for child in children:
        kind, _underscore, edge = child.type.rpartition("_")
        if edge == "open" and not inside:
            inside, href, words = kind, str(child.attrGet("href") or ""), ""
        elif edge == "close" and kind == inside:
            _add_piece(parts, _marked(inside, words, href))
            inside = ""
        elif inside:
            words += " " if child.type == "softbreak" else child.content
        elif child.type == "code_inline":
            _add_piece(parts, f"``{child.content}``")
        elif child.type == "softbreak":
            parts.append("\n")
        else:
            _add_piece(parts, _escaped(child.content), marked=False)
    return "".join(parts)


def _add_piece(parts: list[str], piece: str, marked: bool = True) -> None:
    """Add a piece; a mark that touches a letter needs an escaped space between."""
    last = parts[-1][-1:] if parts else ""
    touches = last.isalnum() if marked else last in ("`", "*", "_")
    if last and touches and (marked or piece[:1].isalnum()):
        parts.append("\\ ")
    parts.append(piece)


def _marked(kind: str, words: str, href: str) -> str:
    if kind == "link":
        if not re.match(r"[a-z]+:", href):
            href = posixpath.normpath(f"readme/{href}")
        return f"`{words} <{href}>`__"
    mark = "**" if kind == "strong" else "*"
    return f"{mark}{_escaped(words)}{mark}"


def _escaped(text: str) -> str:
    """A text without meaning for reStructuredText."""
    return re.sub(r"([*`|\\])|(?<=\w)(_)(?!\w)", r"\\\1\2", text)


def readme(addon: str) -> str:
    """The text of an addon's ``README.rst``."""
    manifest = manifests.read(addon)
    title = manifest["name"]
    lines = [f".. {MADE}", "", "=" * len(title), title, "=" * len(title)]
    lines += ["", manifest["summary"] + ".", ""]
    for heading, text in _fragments(addon):
        if heading:
            lines += ["", heading, UNDERLINES[1] * len(heading), ""]
        lines += _Rst(2 if heading else 1).write(_tokens(text))
        lines.append("")
    if _others(addon):
        lines += ["", "Further pages", "-------------", ""]
        lines += [f"- `readme/{name} <readme/{name}>`__" for name in _others(addon)]
        lines.append("")
    lines += ["", "License", "-------", "", manifest["license"]]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


# === HTML === #


def description(addon: str) -> str:
    """The text of an addon's ``index.html`` for Odoo's Apps page."""
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark").enable("table")
    manifest = manifests.read(addon)
    parts = []
    for heading, text in _fragments(addon):
        tokens = renderer.parse(text)
        for token in tokens:
            if token.type in ("heading_open", "heading_close"):
                token.tag = f"h{int(token.tag[1:]) + (2 if heading else 1)}"
            if token.type in ("table_open", "paragraph_open") and token.tag == "table":
                token.attrSet("class", "table table-sm")
            if token.type == "inline":
                token.children = _reachable(token.children)
        if heading:
            parts.append(f"<h3>{escape(heading)}</h3>\n")
        parts.append(renderer.renderer.render(tokens, renderer.options, {}))
    return (
        f"<!-- {MADE} -->\n"
        '<section class="oe_container">\n'
        f"<h2>{escape(manifest['name'])}</h2>\n"
        f'<p class="lead">{escape(manifest["summary"])}.</p>\n'
        f"{''.join(parts)}</section>\n"
    )


def _reachable(children: list) -> list:
    """A paragraph without links into the repository: the Apps page cannot follow them."""
    found, left_out = [], False
    for child in children:
        if child.type == "link_open":
            left_out = not re.match("[a-z]+:", str(child.attrGet("href")))
        if left_out and child.type in ("link_open", "link_close"):
            continue
        found.append(child)
    return found


def readmes() -> dict[str, str]:
    """Text of each file by its path below the project."""
    found = {}
    for addon in manifests.names():
        found[f"addons/{addon}/README.rst"] = readme(addon)
        found[f"addons/{addon}/static/description/index.html"] = description(addon)
    return found
