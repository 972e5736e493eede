"""The OpenAPI document, without Odoo."""

import json

import pytest
from interop_rest_tools import openapi, problems
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


def test_references_lead_from_the_root_of_the_document():
    schema = embedded(contract())
    root = "#/components/schemas/tree.changed.v2"
    assert schema["properties"]["child"] == {"$ref": root}
    assert schema["properties"]["name"] == {"$ref": f"{root}/$defs/name"}
    assert schema["properties"]["named"] == {"$ref": f"{root}/$defs/name"}
    assert schema["properties"]["$ref"] == {"type": "string"}
    assert schema["examples"] == RECURSIVE["examples"]
    assert schema["$defs"]["name"]["default"] == "#/$defs/x"
    assert not {"$schema", "$id"} & schema.keys()


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
    for code in problems.KINDS:
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
