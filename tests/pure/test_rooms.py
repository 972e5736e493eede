"""Rules of the house about rooms: where models stand, and which addon may name which.

A model is one class in one file. Arrows between addons point down. Content names no
transport and transport no content; what needs Python of both is glue that installs itself.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDONS = ROOT / "addons"
TRANSPORT = {"interop_webhook", "interop_rest", "interop_rest_vendor"}
CONTENT = {"interop_care", "interop_account", "interop_account_charge"}
# A bundle has no code; test addons are never installed by users.
BUNDLES = {"interop"}
MODELS = {"Model", "AbstractModel", "TransientModel"}


@cache
def manifest(addon: str) -> dict:
    """What an addon says of itself."""
    return ast.literal_eval((ADDONS / addon / "__manifest__.py").read_text("utf-8"))


def addons() -> list[str]:
    """The addons of the product, those of the tests left out."""
    found = {path.parent.name for path in ADDONS.glob("*/__manifest__.py")}
    return sorted(name for name in found if not name.startswith("test_"))


@cache
def below(addon: str) -> frozenset[str]:
    """Addons of ours that an addon depends on, directly or through others."""
    direct = {name for name in manifest(addon)["depends"] if (ADDONS / name).is_dir()}
    return frozenset(direct.union(*(below(name) for name in direct)))


def sources(addon: str) -> list[Path]:
    """Python sources of an addon, tests and migrations left out."""
    return [
        path
        for path in sorted((ADDONS / addon).rglob("*.py"))
        if not {"tests", "migrations"} & set(path.relative_to(ADDONS).parts)
    ]


def described(node: ast.ClassDef) -> tuple[str | None, list[str]]:
    """``_name`` and ``_inherit`` of a class."""
    name, inherited = None, []
    for item in node.body:
        if not isinstance(item, ast.Assign) or not isinstance(
            item.targets[0], ast.Name
        ):
            continue
        if item.targets[0].id in ("_name", "_inherit"):
            try:
                value = ast.literal_eval(item.value)
            except ValueError:  # no model's: those are written out
                continue
            if item.targets[0].id == "_name":
                name = value
            else:
                inherited = [value] if isinstance(value, str) else list(value)
    return name, inherited


def classes(text: str) -> list[str]:
    """Models that the classes of a source define or extend."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and any(
            isinstance(base, ast.Attribute) and base.attr in MODELS
            for base in node.bases
        ):
            name, inherited = described(node)
            found.append(name or (inherited[0] if inherited else node.name))
    return found


def opened_twice(files: dict[str, str]) -> dict[str, list[str]]:
    """Models that several classes of one addon define or extend, with their files."""
    places: dict[str, list[str]] = {}
    for path, text in files.items():
        for model in classes(text):
            places.setdefault(model, []).append(path)
    return {model: paths for model, paths in places.items() if len(paths) > 1}


@pytest.mark.parametrize("addon", addons())
def test_a_model_is_one_class_in_one_file(addon):
    files = {
        str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sources(addon)
    }
    assert not opened_twice(files)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (
            {
                "a": "class A(models.Model):\n    _name = 'x'",
                "b": "class B(models.Model):\n    _inherit = 'x'",
            },
            {"x": ["a", "b"]},
        ),
        (
            {"a": "class A(models.Model):\n    _inherit = ['x']\n" * 2},
            {"x": ["a", "a"]},
        ),
        (
            {
                "a": "class A(models.AbstractModel):\n    _name = 'x'",
                "b": "class B(models.Model):\n    _name = 'y'\n    _inherit = ['x']",
            },
            {},
        ),
        ({"a": "class A:\n    pass\nclass B(A):\n    pass"}, {}),
    ],
)
def test_the_rule_on_classes_sees(files, found):
    assert opened_twice(files) == found


def named(text: str) -> set[str]:
    """Addons of ours that a source imports, refers to, or takes external ids from."""
    return set(
        re.findall(r"\bodoo\.addons\.(interop_\w+)", text)
        + re.findall(r"""["'](interop_\w+)\.[a-z]\w*["']""", text)
    ) & set(addons())


@pytest.mark.parametrize("addon", addons())
def test_arrows_point_down(addon):
    """An addon names nothing of an addon that it does not depend on."""
    allowed = {addon, *below(addon)}
    found = {
        str(path.relative_to(ROOT)): above
        for path in [
            *sources(addon),
            *sorted((ADDONS / addon).rglob("*.xml")),
            *sorted((ADDONS / addon).rglob("*.csv")),
        ]
        if "tests" not in path.parts
        and (above := named(path.read_text("utf-8")) - allowed)
    }
    assert not found


@pytest.mark.parametrize("addon", sorted(CONTENT))
def test_content_depends_on_no_transport(addon):
    assert not below(addon) & TRANSPORT


@pytest.mark.parametrize("addon", sorted(TRANSPORT))
def test_transport_depends_on_no_content(addon):
    assert not below(addon) & CONTENT


def test_every_addon_has_a_room():
    """What is neither ground nor transport nor content is glue, or a bundle."""
    ground = {"interop_base", "interop_mapping", "interop_identifier"}
    ground.add("interop_ownership")
    glue = set(addons()) - ground - TRANSPORT - CONTENT - BUNDLES
    assert {name for name in glue if not manifest(name).get("auto_install")} == set()
    both = {
        name for name in addons() if below(name) & TRANSPORT and below(name) & CONTENT
    }
    assert both <= glue | BUNDLES


def test_a_bundle_has_no_code():
    for name in sorted(BUNDLES):
        found = [path for path in sources(name) if path.read_text("utf-8").strip()]
        assert [path.name for path in found] == ["__manifest__.py"]


def nodes(addon: str) -> list[tuple[Path, ast.AST]]:
    """Every node of an addon's sources, with its file."""
    return [
        (path, node)
        for path in sources(addon)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]


def owners() -> dict[str, set[str]]:
    """Addons that define each of our models."""
    found: dict[str, set[str]] = {}
    for addon in addons():
        for _path, node in nodes(addon):
            name = described(node)[0] if isinstance(node, ast.ClassDef) else None
            if (name or "").startswith("interop."):
                found.setdefault(name, set()).add(addon)
    return found


def test_models_are_named_where_they_are_known():
    """An addon names no model that only an addon beside or above it defines."""
    known = owners()
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for addon in addons()
        for path, node in nodes(addon)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value in known
        and not known[node.value] & {addon, *below(addon)}
    ]
    assert not found


# === OTHERS' ROOMS === #

# What Odoo's ORM keeps for itself: its cache, and what it still has to compute.
PRIVATE_STATE = re.compile(
    r"\.(_insert_cache|_update_cache|_get_cache|_get_all_cache_ids|field_data"
    r"|add_to_compute|remove_to_compute|field_dirty|_ordered_cache)\b"
    r"|\.protecting\(|\benv\.cache\b"
)
QUEUE_TABLES = re.compile(
    r"\b(FROM|JOIN|UPDATE|INTO|TABLE)\s+\"?queue_job\w*", re.IGNORECASE
)


def places(pattern: re.Pattern) -> list[str]:
    """Lines of the addons' sources that a pattern matches."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for addon in addons()
        for path in sources(addon)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_orm_keeps_its_own_state():
    assert not places(PRIVATE_STATE)


def test_jobs_are_moved_by_their_own_addon():
    assert not places(QUEUE_TABLES)


@pytest.mark.parametrize(
    ("pattern", "line", "found"),
    [
        (PRIVATE_STATE, "self.env.cache.set(record, field, 1)", True),
        (PRIVATE_STATE, "with env.protecting([field], records):", True),
        (PRIVATE_STATE, "field._insert_cache(records, values)", True),
        (PRIVATE_STATE, "self.env.registry.clear_cache()", False),
        (QUEUE_TABLES, "DELETE FROM queue_job WHERE state = 'done'", True),
        (QUEUE_TABLES, "update queue_job_lock set x = 1", True),
        (QUEUE_TABLES, "self.env['queue.job'].search([])", False),
    ],
)
def test_the_rules_on_others_rooms_see(pattern, line, found):
    assert bool(pattern.search(line)) is found
