"""Dependencies and hashes of the addons, from their sources alone."""

import pytest
from interop_setup import manifests, paths, templates


@pytest.fixture
def addons(monkeypatch, tmp_path):
    """Three addons: ``c`` needs ``b``, ``b`` needs ``a``, ``a`` needs ``mail``."""
    monkeypatch.setattr(paths, "ADDONS", tmp_path)
    monkeypatch.setattr(manifests, "_available", lambda name: name == "mail")
    for name, needs in (("a", ["mail"]), ("b", ["a"]), ("c", ["b"])):
        (tmp_path / name / "models").mkdir(parents=True)
        manifest = {"name": name, "depends": needs}
        (tmp_path / name / "__manifest__.py").write_text(repr(manifest))
        (tmp_path / name / "models" / "m.py").write_text("x = 1\n")
    (tmp_path / "not_an_addon").mkdir()
    return tmp_path


def test_closure(addons):
    assert manifests.names() == ["a", "b", "c"]
    assert manifests.closure(["b"]) == (["a", "b"], ["mail"])
    assert manifests.closure([]) == ([], [])


def test_closure_names_what_is_nowhere(addons):
    (addons / "a" / "__manifest__.py").write_text("{'depends': ['gone']}")
    with pytest.raises(Exception, match="Neither Odoo nor addons/ has gone"):
        manifests.closure(["c"])


@pytest.mark.parametrize(
    "name",
    [
        "a/models/m.py",
        "a/views/view.xml",
        "a/security/ir.model.access.csv",
        "a/static/description/icon.png",
        "a/tools/signing.py",
        "a/__manifest__.py",
    ],
)
def test_digest_changes_with_what_matters(addons, name):
    before = manifests.digest(["a"])
    path = addons / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{'changed': True}")
    assert manifests.digest(["a"]) != before


@pytest.mark.parametrize(
    "name",
    [
        "a/tests/test_x.py",
        "a/controllers/main.py",
        "a/static/src/x.js",
        "a/readme/DESCRIPTION.md",
        "a/i18n/a.pot",
        "a/models/__pycache__/m.cpython-311.pyc",
        "b/models/m.py",
    ],
)
def test_digest_stays_with_what_does_not(addons, name):
    before = manifests.digest(["a"])
    path = addons / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    assert manifests.digest(["a"]) == before


def test_digest_changes_when_a_file_moves(addons):
    before = manifests.digest(["a"])
    (addons / "a" / "models" / "m.py").rename(addons / "a" / "models" / "n.py")
    assert manifests.digest(["a"]) != before


def test_template_names_tell_their_contents_apart(addons):
    names = {
        templates.suite_name("plain", ["a"]),
        templates.suite_name("plain", ["a", "b"]),
        templates.suite_name("other", ["a"]),
    }
    (addons / "a" / "models" / "m.py").write_text("x = 2\n")
    names.add(templates.suite_name("plain", ["a"]))
    assert len(names) == 4
    assert all(len(name) < 63 for name in names)
