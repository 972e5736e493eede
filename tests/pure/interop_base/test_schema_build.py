"""Schemas from mappings, examples from schemas, and what never fits."""

import pytest
from interop_base_tools.schema import check_schema, violations
from interop_base_tools.schema_build import (
    PathError,
    Place,
    build_object,
    check_path,
    document,
    examples,
    misfits,
)

TEXT = {"type": "string"}
LINES = {
    "type": "array",
    "items": build_object([Place("code", True, TEXT), Place("qty", False, TEXT)]),
}
PLACES = [
    Place("name", True, TEXT),
    Place("address.city", True, TEXT),
    Place("address.zip", False, TEXT),
    Place("born", False, {"type": "string", "format": "date"}),
    Place("sex", False, {"enum": ["M", "F", "U"]}),
    Place("lines", False, LINES),
]


def contract(**changes):
    return {**build_object(PLACES), **changes}


def test_the_schema_of_places_allows_nothing_else():
    schema = document(build_object(PLACES), "thing.changed v1")
    check_schema(schema)
    assert schema["required"] == ["name", "address"]
    assert schema["properties"]["address"]["required"] == ["city"]
    value = {"name": "A", "address": {"city": "B"}}
    assert not violations(schema, value)
    assert violations(schema, {**value, "phone": "1"})
    assert violations(schema, {"name": "A", "address": {}})


@pytest.mark.parametrize("path", ["", "a..b", "a b", ".a", "a.", "a/b", "ä", "a." * 9])
def test_paths_are_names_joined_by_dots(path):
    with pytest.raises(PathError):
        check_path(path)


@pytest.mark.parametrize(
    "paths", [("a", "a"), ("a", "a.b"), ("a.b", "a"), ("x.a.b", "x.a")]
)
def test_a_path_is_filled_once(paths):
    with pytest.raises(PathError) as caught:
        build_object([Place(path, False, TEXT) for path in paths])
    assert caught.value.path == paths[1]


def test_examples_are_valid_and_show_every_choice():
    schema = build_object(PLACES)
    invented = examples(schema)
    assert len(invented) == 3
    assert {value["sex"] for value in invented} == {"M", "F", "U"}
    for value in invented:
        assert not violations(schema, value)


def test_a_mapping_fits_the_schema_that_was_made_of_it():
    assert misfits(contract(), build_object(PLACES)) == []


@pytest.mark.parametrize(
    "properties, pointer",
    [
        ({"name": {"type": "integer"}}, "/name"),
        ({"sex": {"enum": ["M", "F"]}}, "/sex"),
        ({"sex": {"const": "M"}}, "/sex"),
        ({"lines": {"type": "string"}}, "/lines"),
    ],
)
def test_misfits_name_the_path(properties, pointer):
    schema = contract()
    schema["properties"] = {**schema["properties"], **properties}
    assert [place for place, _text in misfits(schema, build_object(PLACES))] == [
        pointer
    ]


def test_missing_and_unknown_members_are_misfits_also_in_lists():
    schema = contract(required=["name", "npi"])
    assert "npi" in str(misfits(schema, build_object(PLACES)))
    narrow = {**LINES, "items": build_object([Place("code", True, TEXT)])}
    schema = contract()
    schema["properties"] = {**schema["properties"], "lines": narrow}
    assert [place for place, _text in misfits(schema, build_object(PLACES))] == [
        "/lines/0"
    ]


def test_violations_that_depend_on_the_record_do_not_count():
    schema = contract()
    schema["properties"] = {
        **schema["properties"],
        "name": {"type": "string", "pattern": "^X", "minLength": 100},
        "born": {"type": "string", "enum": ["2026-02-01"]},
    }
    assert misfits(schema, build_object(PLACES)) == []
