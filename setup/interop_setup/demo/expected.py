"""The expected figures, derived only from the input resources."""

import json
from dataclasses import dataclass
from pathlib import Path

from .fhir import HOSPITAL, facility

# Orders to the partner in addition to sending every resource once.
REPEAT_EVERY = 3
TAMPERED = 3
# Expected refusals by kind of attack: (HTTP status, code of the problem, number).
REFUSED = {
    "tampered": (401, "unauthorized", TAMPERED),
    "old timestamp": (401, "unauthorized", 1),
    "future timestamp": (401, "unauthorized", 1),
    "wrong key": (401, "unauthorized", 1),
    "unsigned": (401, "unauthorized", 1),
    "unknown client": (401, "unauthorized", 1),
    "id reused": (409, "id_reused", 1),
    "unknown contract": (422, "unknown_contract", 1),
    "schema": (422, "schema_violation", 1),
    "unknown facility": (422, "unknown_facility", 1),
}


@dataclass
class Expected:
    """Figures that follow from the example resources.

    :param locations: Location resources
    :param practitioners: Practitioner resources
    :param roles: PractitionerRole resources
    :param providers: practitioners without a number of an earlier practitioner
    :param billed: providers of the hospital, to which the clerk sends invoices
    """

    locations: int
    practitioners: int
    roles: int
    providers: int
    billed: int

    @property
    def shared(self) -> int:
        """Practitioners with an official number of another practitioner.

        A user has to decide whether they are one person.
        """
        return self.practitioners - self.providers

    @property
    def messages(self) -> int:
        """Messages sent for the first time."""
        return self.locations + self.practitioners + self.roles

    @property
    def again(self) -> int:
        """Messages sent a second time."""
        return len(range(0, self.messages, REPEAT_EVERY))

    @property
    def refused(self) -> int:
        """Requests that the server has to refuse."""
        return sum(count for _status, _code, count in REFUSED.values())


def read(folder: Path) -> Expected:
    """Count the resources of the package."""
    found: dict[str, list[dict]] = {}
    for kind in ("Location", "Practitioner", "PractitionerRole"):
        paths = sorted(folder.glob(f"{kind}-*.json"))
        found[kind] = [json.loads(path.read_text("utf-8")) for path in paths]
    people = _people(found["Practitioner"])
    return Expected(
        locations=len(found["Location"]),
        practitioners=len(found["Practitioner"]),
        roles=len(found["PractitionerRole"]),
        providers=len(people),
        billed=sum(facility(first) == HOSPITAL for first in people),
    )


def _people(practitioners: list[dict]) -> list[dict]:
    """Return the first resource of each person.

    Practitioners with a common official number count as one person.
    """
    people: list[tuple[dict, set[tuple[str, str]]]] = []
    for resource in practitioners:
        numbers = {
            (item["system"], item["value"])
            for item in resource.get("identifier", ())
            if "system" in item
        }
        shared = [person for person in people if person[1] & numbers]
        if shared:
            people = [person for person in people if person not in shared[1:]]
            shared[0][1].update(numbers, *(others for _first, others in shared[1:]))
        else:
            people.append((resource, numbers))
    return [first for first, _numbers in people]
