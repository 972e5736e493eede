"""Convert FHIR R4 resources to canonical messages, as the partner does.

The input are the public example resources. Data outside the contract (photos, birth dates,
free text) is not sent.
"""

import json
from collections.abc import Iterator
from pathlib import Path

HOSPITAL, CLINIC = "BUMC", "AUMC"
OWN = "urn:bumc:ehr:record"  # the health record's own numbers

# Assigning authorities of the example resources: URI -> name, code, type of HL7 v2 table
# 0203, and whether the number identifies a person.
NAMESPACES = {
    OWN: ("Health record number", "bumc-ehr-record", "RI", False),
    "urn:oid:2.16.528.1.1007.3.1": ("UZI number", "nl-uzi", "PRN", False),
    "urn:oid:2.16.840.1.113883.2.4.6.3": ("Dutch citizen number", "nl-bsn", "NI", True),
    "https://www.bigregister.nl/": ("BIG register", "nl-big", "MD", False),
    "http://www.acme.org/practitioners": (
        "ACME provider",
        "acme-provider",
        "PRN",
        False,
    ),
    "http://healthcare.example.org/identifiers/staff": (
        "Staff number",
        "staff",
        "EI",
        False,
    ),
}
COUNTRIES = {"NLD": "NL", "USA": "US"}  # the examples use ISO 3166-1 alpha-3
CONTACTS = ("phone", "email", "url")
LOCATION_STATUS = ("active", "suspended", "inactive")


def resources(folder: Path, kind: str) -> Iterator[dict]:
    """The example resources of one type, by file name."""
    for path in sorted(folder.glob(f"{kind}-*.json")):
        resource = json.loads(path.read_text("utf-8"))
        if resource["resourceType"] == kind:
            yield resource


def facility(resource: dict) -> str:
    """The facility that a resource comes from: the f2 series is the clinic's."""
    return CLINIC if resource["id"].startswith("f2") else HOSPITAL


def own_number(kind: str, resource_id: str) -> dict:
    """A resource's number in the health record."""
    return {"system": OWN, "value": f"{kind}/{resource_id}"}


def identifiers(resource: dict) -> list[dict]:
    """Return the record number of a resource, then its other identifiers."""
    found = [own_number(resource["resourceType"], resource["id"])]
    for item in resource.get("identifier", ()):
        if "system" in item and "value" in item:
            kept = {"system": item["system"], "value": item["value"]}
            if "use" in item:
                kept["use"] = item["use"]
            found.append(kept)
    return found


def provider(practitioner: dict, role: dict | None = None) -> dict:
    """The data of ``provider.upserted`` for a Practitioner, with a PractitionerRole."""
    data = {
        "identifiers": identifiers(practitioner),
        "name": _name(practitioner["name"][0]),
        **_contacts(practitioner),
    }
    if "active" in practitioner:
        data["active"] = practitioner["active"]
    if role:
        specialties = [_coding(item) for item in role.get("specialty", ())]
        data["specialties"] = specialties
        data["roles"] = [
            {
                **_coding(item, system=False),
                "specialties": specialties,
                "locations": [
                    own_number(*place["reference"].split("/"))
                    for place in role.get("location", ())
                ],
                "period": role.get("period", {}),
            }
            for item in role["code"]
        ]
        data.update(_contacts(role))
    return data


def location(place: dict) -> dict:
    """The data of ``location.upserted`` for a Location."""
    data = {
        "identifiers": identifiers(place),
        "name": place["name"],
        **_contacts(place),
    }
    if place.get("status") in LOCATION_STATUS:
        data["status"] = place["status"]
    for concept in place.get("type", ())[:1]:
        data["type"] = _coding(concept)
    if "partOf" in place:
        data["parent"] = own_number(*place["partOf"]["reference"].split("/"))
    return data


def _name(name: dict) -> dict:
    """A HumanName, without its use."""
    members = ("text", "family", "given", "prefix", "suffix")
    return {member: name[member] for member in members if member in name}


def _coding(concept: dict, *, system: bool = True) -> dict:
    """The first coding of a CodeableConcept."""
    members = ("system", "code", "display") if system else ("code", "display")
    coding = concept["coding"][0]
    return {member: coding[member] for member in members if member in coding}


def _contacts(resource: dict) -> dict:
    """Return the contact points and the first address that the contracts allow."""
    data: dict = {}
    points = [
        {key: point[key] for key in ("system", "value", "use") if key in point}
        for point in resource.get("telecom", ())
        if point["system"] in CONTACTS
    ]
    if points:
        data["telecom"] = points
    addresses = resource.get("address", ())
    address = addresses if isinstance(addresses, dict) else next(iter(addresses), None)
    if address:
        data["address"] = _address(address)
    return data


def _address(address: dict) -> dict:
    """An Address with its country in two letters."""
    kept = {
        "lines": address.get("line"),
        "city": address.get("city"),
        "state": address.get("state"),
        "postal_code": address.get("postalCode"),
        "country": COUNTRIES.get(address.get("country", "")),
    }
    return {key: value for key, value in kept.items() if value}
