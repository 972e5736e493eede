"""Convert FHIR R4 resources to canonical messages, for the test with the public examples.

Every resource becomes exactly one message, complete or not. The test checks the answers of
Odoo.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from interop_setup.demo import fhir

FULL_DATE = len("1974-12-25")


class Example(NamedTuple):
    """One resource: its reference (``Patient/example``), message type and ``data``.

    The last member describes data that the contract does not have.
    """

    reference: str
    type: str
    data: dict
    left_out: tuple


def read(folder: Path) -> Iterator[Example]:
    """Return every Location, Practitioner, PractitionerRole and Patient in this order.

    Locations and practitioners come before resources that refer to them.
    """
    for place in fhir.resources(folder, "Location"):
        yield _example(place, "location.upserted", fhir.location(place))
    practitioners = {
        f"Practitioner/{resource['id']}": resource
        for resource in fhir.resources(folder, "Practitioner")
    }
    for resource in practitioners.values():
        yield _example(resource, "provider.upserted", fhir.provider(resource))
    for role in fhir.resources(folder, "PractitionerRole"):
        practitioner = practitioners[role["practitioner"]["reference"]]
        data = fhir.provider(practitioner, role)
        yield _example(role, "provider.upserted", data)
    for resource in fhir.resources(folder, "Patient"):
        yield _example(resource, "person.registered", person(resource))


def person(patient: dict) -> dict:
    """Return the data of ``person.registered`` for a Patient; the name may be missing."""
    points = [
        point
        for point in patient.get("telecom", ())
        if "system" in point and "value" in point
    ]
    names = patient.get("name") or [{}]
    data = fhir.provider({**patient, "name": names, "telecom": points})
    if not data["name"]:
        del data["name"]
    if len(patient.get("birthDate", "")) == FULL_DATE:
        data["birth_date"] = patient["birthDate"]
    for language in patient.get("communication", ())[:1]:
        data["language"] = language["language"]["coding"][0]["code"]
    return data


def _example(resource: dict, message_type: str, data: dict) -> Example:
    reference = f"{resource['resourceType']}/{resource['id']}"
    return Example(reference, message_type, data, tuple(_left_out(resource)))


def _left_out(resource: dict) -> Iterator[str]:
    """Return the members of a resource that are not sent, although the contract has them."""
    for item in resource.get("identifier", ()):
        if "system" not in item or "value" not in item:
            yield "an identifier without assigning authority or value"
    if 0 < len(resource.get("birthDate", "")) < FULL_DATE:
        yield "a date of birth without a day"
    if len(resource.get("name", ())) > 1 and isinstance(resource["name"], list):
        yield "further names"
    if len(resource.get("address", ())) > 1 and isinstance(resource["address"], list):
        yield "further addresses"
