"""The OpenAPI document, without Odoo."""

import json
import re
from pathlib import Path

import pytest
from interop_rest_tools import openapi, openapi_parts, problems
from interop_rest_tools.openapi_components import restored
from interop_rest_tools.openapi_schemas import Contract, embedded
from openapi_spec_validator import OpenAPIV31SpecValidator

RECURSIVE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:example:tree",
    "type": "object",
    "properties": {
        "$ref": {"type": "string"},
        "child": {"$ref": "#"},
        "name": {"$ref": "#/$defs/name"},
        "named": {"$ref": "#label"},
    },
    "$defs": {"name": {"$anchor": "label", "type": "string", "default": "#/$defs/x"}},
    "examples": [{"$ref": "#/$defs/none"}],
}


ADDONS = Path(__file__).resolve().parents[3] / "addons"


def shipped():
    """The contracts that the addons bring, each with its example."""
    found = []
    for path in sorted(ADDONS.glob("*/data/*.schema.json")):
        message_type, _mark, version = path.name.split(".")[0].rpartition("_v")
        example = path.with_name(path.name.replace(".schema.", ".example."))
        examples = ()
        if example.exists():
            examples = (("Example", json.loads(example.read_text("utf-8"))),)
        found.append(
            Contract(
                message_type.replace("_", "."),
                int(version),
                "As it is shipped.",
                json.loads(path.read_text("utf-8")),
                examples,
            )
        )
    return tuple(found)


def contract(**values):
    """A contract with every kind of reference."""
    return Contract(
        **{
            "message_type": "tree.changed",
            "version": 2,
            "description": "A tree.",
            "schema": RECURSIVE,
            "examples": (("leaf", {"name": "a"}),),
            **values,
        }
    )


ROOT = "#/components/schemas/tree.changed.v2"


def test_what_references_lead_to_is_a_component():
    """case 38: generators drop operations whose references lead into a component."""
    components = embedded(contract())
    schema = components["tree.changed.v2"]
    assert schema["properties"]["child"] == {"$ref": ROOT}
    assert schema["properties"]["name"] == {"$ref": f"{ROOT}.name"}
    assert schema["properties"]["named"] == {"$ref": f"{ROOT}.name"}
    assert schema["properties"]["$ref"] == {"type": "string"}
    assert schema["examples"] == RECURSIVE["examples"]
    named = components["tree.changed.v2.name"]
    assert named == {"type": "string", "default": "#/$defs/x"}
    assert not {"$schema", "$id", "$defs"} & schema.keys()
    assert len(components) == 2


def test_parts_of_parts_and_odd_names():
    """case 38"""
    schema = {
        "properties": {
            "a": {"$ref": "#/$defs/one"},
            "b": {"$ref": "#/properties/a/x"},
            "c": {"$ref": "#/$defs/message"},
            "d": {"$ref": "#/$defs/a~1b é"},
            "e": {"$ref": "#/$defs/a b é"},
            "title": {"title": "A title", "type": "string"},
            "$defs": {"const": {"$ref": "#/$defs/none"}},
        },
        "$defs": {
            "one": {"items": {"$ref": "#/$defs/two/anyOf/0"}, "$defs": {"x": {}}},
            "two": {"anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/two"}]},
            "message": {"type": "null"},
            "a/b é": {"type": "integer"},
            "a b é": {"type": "number"},
            "unused": {},
        },
    }
    schema["properties"]["a"]["x"] = {"type": "boolean"}
    components = embedded(contract(schema=schema))
    OpenAPIV31SpecValidator(
        openapi.document("https://odoo.example", (contract(schema=schema),))
    ).validate()
    for name in components:
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
    found = set(re.findall('"#/components/schemas/([^"]+)"', json.dumps(components)))
    assert found <= components.keys()
    assert "tree.changed.v2.message" not in components  # the whole message's name
    properties = components["tree.changed.v2"]["properties"]
    kinds = {
        name: components[properties[name]["$ref"].rpartition("/")[2]].get("type")
        for name in "bcde"
    }
    assert kinds == {"b": "boolean", "c": "null", "d": "integer", "e": "number"}
    assert properties["title"] == {"description": "A title", "type": "string"}
    assert properties["$defs"] == {"const": {"$ref": "#/$defs/none"}}


def test_the_page_shows_the_schema_as_one():
    """case 38: for people the parts are definitions of the schema again."""
    schema = restored(embedded(contract()), "tree.changed.v2")
    assert schema["properties"]["child"] == {"$ref": "#"}
    assert schema["properties"]["name"] == {"$ref": "#/$defs/name"}
    assert schema["$defs"]["name"]["type"] == "string"


def references(document):
    """Every reference of a document."""
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from references(part)


def test_no_reference_of_the_shipped_contracts_leads_into_a_component():
    """case 38: the cheap test of what the generated clients prove."""
    contracts = shipped()
    document = openapi.document("https://odoo.example", contracts, contracts)
    found = set(references(document))
    assert len(found) > 40
    for reference in found:
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][kind], reference


def test_texts_and_times_say_what_is_taken():
    """case 39"""
    document = openapi.document("https://odoo.example", (contract(),))
    members = document["components"]["schemas"]["tree.changed.v2.message"]["properties"]
    for name in ("source", "facility", "ordering_key"):
        assert re.search(members[name]["pattern"], "urn:a é 中")
        assert not re.search(members[name]["pattern"], "a\u0085b")
    assert "control characters" in members["source"]["description"]
    (as_of,) = (
        item
        for item in document["paths"]["/interop/v1/identifiers"]["get"]["parameters"]
        if item.get("name") == "as_of"
    )
    assert {"format": "date-time"} in as_of["schema"]["anyOf"]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["tags"] and operation["description"], path
    assert "2**53 - 1" in document["info"]["description"]


@pytest.mark.parametrize("inbound", [(), (contract(),)])
@pytest.mark.parametrize("outbound", [(), (contract(version=3, deprecated=True),)])
def test_the_document_is_valid(inbound, outbound):
    document = openapi.document("https://odoo.example", inbound, outbound)
    OpenAPIV31SpecValidator(document).validate()
    assert len(document["webhooks"]) == len(outbound)
    text = json.dumps(document)
    assert ("tree.changed" in text) is bool(inbound or outbound)


def test_the_skeleton_names_every_code():
    text = json.dumps(openapi.document(""))
    for code in problems.KINDS.keys() - set(openapi_parts.VENDOR):
        assert f'"code": "{code}"' in text


def test_a_deprecated_contract_says_so():
    document = openapi.document("", (contract(deprecated=True, sunset="2027-01-01"),))
    schema = document["components"]["schemas"]["tree.changed.v2.message"]
    assert schema["deprecated"] is True
    assert "2027-01-01" in schema["description"]


def test_who_serves_several_facilities_is_told_to_name_one_and_how():
    several = contract(facilities=("AUMC", "BUMC"), names_facility=True)
    document = openapi.document("https://odoo.example", (several,))
    OpenAPIV31SpecValidator(document).validate()
    schema = document["components"]["schemas"]["tree.changed.v2.message"]
    facility = schema["properties"]["facility"]
    assert "facility" in schema["required"]
    assert (facility["type"], facility["examples"]) == ("string", ["AUMC", "BUMC"])
    assert "Codes: AUMC, BUMC." in facility["description"]
    body = document["paths"]["/interop/v1/messages"]["post"]["requestBody"]
    (example,) = body["content"]["application/json"]["examples"].values()
    assert example["value"]["facility"] == "AUMC"


def test_who_serves_one_facility_may_leave_it_out():
    document = openapi.document("", (contract(facilities=("AUMC",)),))
    schema = document["components"]["schemas"]["tree.changed.v2.message"]
    assert "facility" not in schema["required"]
    assert "AUMC" in schema["properties"]["facility"]["description"]


def test_every_member_of_a_message_is_explained():
    schemas = openapi.document("", (contract(),))["components"]["schemas"]
    members = schemas["tree.changed.v2.message"]["properties"]
    assert not [name for name in members if not members[name].get("description")]
