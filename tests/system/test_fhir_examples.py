"""The public FHIR R4 examples, sent twice to the REST API of a real server."""

import json
import sys
import urllib.parse
import uuid
from collections import Counter

import fhir_examples
import pytest
from inbound_sender import ask, in_odoo
from interop_setup import npm, paths
from interop_setup.demo.fhir import OWN

REPORT = paths.LOG / "fhir-examples.json"


class Gateway:
    """A client with a token."""

    def __init__(self, server, client, token):
        self.url = f"{server.url}/interop/v1"
        self.headers = {
            "Interop-Client": client,
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }

    def load(self, examples):
        """Send every example as a new message; return the results in order."""
        envelopes = [
            {
                "id": f"msg_{uuid.uuid4().hex}",
                "type": example.type,
                "schema_version": 1,
                "source": "urn:hl7:examples",
                "occurred_at": "2026-01-31T08:30:00Z",
                "data": example.data,
            }
            for example in examples
        ]
        body = json.dumps(envelopes).encode()
        status, answer, _ = ask(f"{self.url}/messages:batch", body, self.headers)
        assert status == 200, answer
        assert [item["id"] for item in answer["results"]] == [
            envelope["id"] for envelope in envelopes
        ]
        return answer["results"]

    def look_up(self, system, value):
        """Return status and body of a look-up."""
        query = urllib.parse.urlencode({"namespace": system, "value": value})
        return ask(f"{self.url}/identifiers?{query}", headers=self.headers)[:2]


@pytest.fixture(scope="module")
def examples():
    """Return every example resource of the four types."""
    npm.ensure()
    return list(fhir_examples.read(npm.EXAMPLES))


@pytest.fixture
def gateway(make_server, examples):
    """A client of a server with two workers."""
    server = make_server(workers=2)
    systems = {
        item["system"] for example in examples for item in example.data["identifiers"]
    }
    made = in_odoo(
        server, "set_up", "fhir_world", own=OWN, systems=sorted(systems - {OWN})
    )
    return server, Gateway(server, **made)


def numbers(example):
    """Return the identifiers of an example."""
    return {(item["system"], item["value"]) for item in example.data["identifiers"]}


def expected(examples):
    """Return the expected result of each example, calculated without Odoo.

    Patients without a name are refused. A person with an official number of another person
    waits, because the sender has different record numbers for the two.
    """
    owners, outcomes = {}, []
    for example in examples:
        official = {number for number in numbers(example) if number[0] != OWN}
        own = numbers(example) - official
        others = {owners[number] for number in official if number in owners}
        if "name" not in example.data:
            outcomes.append("schema_violation")
        elif others - own:
            outcomes.append("possible_duplicate")
        else:
            owners.update(dict.fromkeys(official, *own))
            outcomes.append("done")
    return outcomes


def outcome(result):
    """Return the result of one message in one word."""
    if result["status"] in (200, 202):
        return result["message"]["status"]
    return result["problem"]["code"]


def why(result):
    """Return the advice to the sender of a message that was not applied."""
    problem = result.get("problem", {})
    places = [f"{e['pointer']}: {e['detail']}" for e in problem.get("errors", ())]
    return places or [problem["detail"]] if problem else []


def make_report(examples, results):
    """Store the result of every resource with its reason, and print unexpected results."""
    report = [
        {
            "resource": example.reference,
            "message": example.type,
            "outcome": outcome(result),
            "why": why(result),
            "left_out": list(example.left_out),
        }
        for example, result in zip(examples, results, strict=True)
    ]
    REPORT.write_text(json.dumps(report, indent=2), "utf-8")
    doubtful = [
        f"{line['resource']}: {line['outcome']} {line['why']} {line['left_out']}"
        for line in report
        if line["outcome"] != "done" or line["left_out"]
    ]
    counts = dict(Counter(line["outcome"] for line in report))
    summary = f"{counts}, see {paths.shown(REPORT)}"
    sys.stdout.write("\n".join([*doubtful, summary, ""]))
    return report


def test_the_public_examples_twice(gateway, examples):
    server, sender = gateway
    first = sender.load(examples)
    after_first = in_odoo(server, "counts", "fhir_world")
    second = sender.load(examples)
    after_second = in_odoo(server, "counts", "fhir_world")

    report = make_report(examples, first)
    assert after_second == after_first
    # A message about a person waits if an earlier message about this person waits.
    assert [outcome(result) for result in second] == [
        "pending" if item["outcome"] == "possible_duplicate" else item["outcome"]
        for item in report
    ]
    assert [item["outcome"] for item in report] == expected(examples)
    assert all(item["why"] for item in report if item["outcome"] != "done")

    kinds = Counter(
        example.type
        for example, item in zip(examples, report, strict=True)
        if item["outcome"] == "done"
        and not example.reference.startswith("PractitionerR")
    )
    assert after_first["interop_is_person"] == kinds["person.registered"] > 15
    assert after_first["interop_is_provider"] == kinds["provider.upserted"] > 5
    assert after_first["interop_is_location"] == kinds["location.upserted"] == 6

    found = set()
    for example, item in zip(examples, report, strict=True):
        if item["outcome"] == "done":
            check_numbers(sender, numbers(example))
            found |= numbers(example)
    for number in set().union(*map(numbers, examples)) - found:
        assert sender.look_up(*number)[0] == 404  # of a waiting message, checked above


def check_numbers(sender, expected_numbers):
    """Every number finds one record with all its other numbers."""
    for system, value in expected_numbers:
        status, answer = sender.look_up(system, value)
        assert (status, answer["status"]) == (200, "active"), (system, answer)
        found = {(item["system"], item["value"]) for item in answer["identifiers"]}
        assert found >= expected_numbers
