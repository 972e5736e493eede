"""Find the texts that a person reads in one source file, with their lines."""

import ast
import json
import re
from xml.etree import ElementTree

# === PYTHON === #

TRANSLATE = {"_", "_lt", "LazyTranslate"}
SQL = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|LOCK|SET|TRUNCATE|VALUES"
    r"|FROM|WHERE|JOIN|LEFT|AND|OR|ORDER|CASE|CHECK|UNIQUE|WHEN|COALESCE|EXISTS)\b"
)


def _literal(node: ast.AST | None) -> str:
    """The text of a literal; what is put into it counts as one word."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "X"
            for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _literal(node.left) + _literal(node.right)
    value = getattr(node, "value", None)
    return value if isinstance(node, ast.Constant) and isinstance(value, str) else ""


def _is_sentence(text: str) -> bool:
    """Whether a literal is likely to be read by a person: a capital and two words."""
    return bool(re.match(r"[A-Z][\w'’-]*[,:]? \w", text.strip())) and not SQL.match(
        text
    )


def _labels(node: ast.Call) -> list[ast.AST]:
    """Arguments of a call that are read by people, whatever they look like."""
    name = ast.unparse(node.func).rpartition(".")[2]
    if name in TRANSLATE:
        return node.args[:1]
    if ast.unparse(node.func).startswith("fields."):
        keys = ("string", "help")
        named = [item.value for item in node.keywords if item.arg in keys]
        return named + [
            one for one in node.args[:2] if re.match("[A-Z]", _literal(one))
        ]
    return []


def python_texts(source: str) -> list[tuple[int, str]]:
    """Line and text of what a Python source says to people; docstrings and logs not."""
    tree = ast.parse(source)
    skipped, found = _unread(tree), {}
    for node in ast.walk(tree):
        parts = _labels(node) if isinstance(node, ast.Call) else _choice(node)
        for part in parts:
            found[part.lineno, part.col_offset] = _literal(part)
    for node in ast.walk(tree):
        text = _literal(node)
        if id(node) not in skipped and _is_sentence(text):
            found.setdefault((node.lineno, node.col_offset), text)
            skipped |= {id(part) for part in ast.walk(node)}
    return sorted((line, text) for (line, _column), text in found.items() if text)


def _unread(tree: ast.AST) -> set[int]:
    """Nodes that no user reads: docstrings and what is logged."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                found.add(id(node.body[0].value))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_logger."):
            found |= {id(part) for part in ast.walk(node)}
    return found


def _choice(node: ast.AST) -> list[ast.AST]:
    """The label of a choice, ``("dead", "Failed")``."""
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        key, label = map(_literal, node.elts)
        if re.fullmatch(r"[\w.]+", key) and re.match("[A-Z]", label):
            return node.elts[1:]
    return []


# === XML, JSON, SCRIPTS === #

SHOWN = (
    "string",
    "help",
    "placeholder",
    "title",
    "confirm",
    "sum",
    "aria-label",
    "alt",
)
SHOWN_FIELDS = {"name", "description", "help", "comment", "string", "note", "summary"}


def xml_texts(source: str) -> list[tuple[int, str]]:
    """Line and text of the attributes and texts of an XML file that people read."""
    root, found = ElementTree.fromstring(source), []

    def line_of(text: str) -> int:
        place = source.find(text.split("\n", 1)[0].replace("&", "&amp;"))
        return source.count("\n", 0, place) + 1 if place >= 0 else 1

    def visit(node: ElementTree.Element) -> None:
        values = [node.get(key) for key in SHOWN]
        if node.tag == "menuitem":
            values.append(node.get("name"))
        if node.tag != "field" or node.get("name") in SHOWN_FIELDS:
            values.append(node.text)
        if node.tag == "attribute" and node.get("name") not in SHOWN:
            values.pop()
        found.extend((line_of(v.strip()), v) for v in values if v and v.strip())
        if node.tag in ("function", "script"):
            return
        for child in node:
            visit(child)
            if child.tail and child.tail.strip():
                found.append((line_of(child.tail.strip()), child.tail))

    visit(root)
    return [(line, text) for line, text in found if re.search(r"[A-Za-z]{2}", text)]


def json_texts(source: str) -> list[tuple[int, str]]:
    """Line and text of the titles and descriptions of a JSON Schema."""
    keys = re.compile(r'"(?:description|title|\$comment)"\s*:\s*("(?:[^"\\]|\\.)*")')
    return [
        (source.count("\n", 0, match.start()) + 1, json.loads(match.group(1)))
        for match in keys.finditer(source)
    ]


def script_texts(source: str) -> list[tuple[int, str]]:
    """Line and text of what a script translates."""
    call = re.compile(r"""\b_t\(\s*(["'`])((?:\\.|(?!\1).)*)\1""", re.DOTALL)
    return [
        (source.count("\n", 0, match.start()) + 1, match.group(2))
        for match in call.finditer(source)
    ]


# === PAGES === #


def page_texts(source: str) -> list[tuple[int, str, bool]]:
    """Line, text and whether it is a heading, of each paragraph, cell and heading."""
    found: list[tuple[int, str, bool]] = []
    block: list[str] = []
    begin, code = 0, False

    def flush() -> None:
        if block:
            found.append((begin, " ".join(block), False))
            block.clear()

    for number, line in enumerate(source.splitlines(), 1):
        text = line.strip()
        if text.startswith("```"):
            code = not code
        if code or not text or text.startswith(("```", "<!--", "|", "#")):
            flush()
            if not code and text.startswith("|"):
                cells = [cell.strip() for cell in text.strip("|").split("|")]
                found += [(number, cell, False) for cell in cells if cell]
            elif not code and text.startswith("#"):
                found.append((number, text.lstrip("# "), True))
            continue
        if re.match(r"([-*+]|\d+\.)\s", text):
            flush()
            text = re.sub(r"^([-*+]|\d+\.)\s+", "", text)
        if not block:
            begin = number
        block.append(text)
    flush()
    return [(line, _plain(text), heading) for line, text, heading in found]


def _plain(text: str) -> str:
    """A paragraph without its marks; code counts as one word."""
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"`[^`]*`", "X", text).replace("**", "").replace("_", " ")


READERS = {
    ".py": python_texts,
    ".xml": xml_texts,
    ".json": json_texts,
    ".js": script_texts,
}
