"""The pictures of ``docs/`` are drawn from the code, and nothing lies over anything else."""

import re
from xml.etree import ElementTree

import pytest
from interop_rest_tools import problems
from interop_setup import data_picture, paths, pictures, state_picture, svg, walks

SPACE = "{http://www.w3.org/2000/svg}"
FOUND = {
    "addons": pictures.addons_picture(pictures.dependencies()),
    "states": state_picture.state_picture(
        state_picture.moves(), state_picture.states()
    ),
    "data-model": data_picture.data_picture(data_picture.models()),
    **walks.pictures(),
}


def rectangles(root, kind):
    return [
        tuple(float(one.get(key, 0)) for key in ("x", "y", "width", "height"))
        for one in root.iter(f"{SPACE}rect")
        if one.get("class") == kind
    ]


def inside(outer, x, y):
    left, top, width, height = outer
    return left <= x <= left + width and top <= y <= top + height


@pytest.mark.parametrize("name", FOUND)
def test_boxes_and_texts_do_not_overlap(name):
    root = ElementTree.fromstring(FOUND[name])
    width, height = (float(root.get(key)) for key in ("width", "height"))
    boxes = rectangles(root, "own")
    for index, (left, top, wide, high) in enumerate(boxes):
        assert left >= 0 and top >= 0 and left + wide <= width and top + high <= height
        for x, y, w, h in boxes[index + 1 :]:
            apart = x >= left + wide or left >= x + w or y >= top + high or top >= y + h
            assert apart
    for text in root.iter(f"{SPACE}text"):
        long = len(text.text) * svg.CHARACTER[text.get("class") or ""]
        share = {"middle": 0.5, "end": 1}.get(text.get("text-anchor"), 0)
        left, line = float(text.get("x")) - long * share, float(text.get("y"))
        owner = next((box for box in boxes if inside(box, left + 1, line)), None)
        limit = owner[0] + owner[2] if owner else width
        assert left + long <= limit + 2, text.text


def test_the_picture_has_every_addon_and_one_arrow_per_step():
    found = pictures.dependencies()
    picture = pictures.addons_picture(found)
    root = ElementTree.fromstring(picture)
    assert {text.text for text in root.iter(f"{SPACE}text")} == set(found)
    arrows = [one for one in root.iter(f"{SPACE}path") if "marker-end" in one.attrib]
    assert len(arrows) == sum(map(len, found.values()))
    assert pictures.rows(found)[-1] == ["interop_base"]


def test_an_arrow_that_others_imply_is_left_out(tmp_path):
    depends = {"a": [], "b": ["a", "web"], "c": ["a", "b"], "test_c": ["c"]}
    for name, below in depends.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__manifest__.py").write_text(repr({"depends": below}))
    assert pictures.dependencies(tmp_path) == {"a": [], "b": ["a"], "c": ["b"]}


def test_each_hook_of_the_way_out_exists():
    steps = walks.way_out(
        (walks.BASE / "models" / "engine" / "pump_run.py").read_text("utf-8")
    )
    assert len(steps) > 4
    sources = [
        path.read_text("utf-8") for path in paths.ADDONS.glob("interop*/models/**/*.py")
    ]
    text = "\n".join(sources)
    missing = [
        name
        for step in steps
        for name in step.names
        if (short := name.rpartition(".")[2]).startswith("_")
        and not re.search(rf"def {short}\(", text)
    ]
    assert not missing


def test_each_refusal_of_the_way_in_is_explained():
    steps = walks.way_in()
    titles = [step.title for step in steps]
    assert 0 < titles.index("validate") < titles.index("insert") < len(titles) - 1
    codes = {code for step in steps for code in step.names}
    assert {"schema_violation", "id_reused"} <= codes
    assert codes <= set(problems.KINDS)


def test_the_states_are_those_of_the_table():
    found = {move.name: move for move in state_picture.moves()}
    assert found["CLAIMED"].sources == ("pending",)
    assert found["CLAIMED"].targets == ("processing",)
    assert "dead" in found["RETRIED_OLD"].sources
    assert set(state_picture.REPORTED) == set(found["RESULT"].targets)
    assert not set(state_picture.LABELS) - set(found), "labels without a move"


def test_references_come_from_the_fields():
    found = data_picture.models()
    refers = data_picture.references(found, "interop.interface")
    assert refers["system_id"] == ("interop.system", "")
    assert refers["endpoint_id"] == ("interop.endpoint", "")  # of a mixin
    assert refers["contract_ids"] == ("interop.contract", " (several)")


def test_the_table_below_the_data_model_names_its_tables():
    page = (paths.ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"^\| `(interop_\w+)`", page, re.MULTILINE))
    known = {name.replace(".", "_") for name in data_picture.models()}
    assert named <= known
    shown = {
        f"{data_picture.PREFIX}{name}".replace(".", "_")
        for column in data_picture.LAYOUT
        for name in column
    }
    assert shown & known <= named, "add a row to docs/architecture.md"
