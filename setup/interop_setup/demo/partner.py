"""The partner: the gateway of a health record that sends care master data to Odoo.

The program runs outside Odoo. It converts FHIR resources to canonical messages, signs them
with the published ``standardwebhooks`` library, and posts them. It also repeats messages and
sends invalid requests: tampered, too old, or with a reused id. It reads its orders as one
JSON object from standard input and writes its report to standard output::

    {"url": "http://…", "client": "…", "secret": "whsec_…", "examples": "/…",
     "repeat_every": 3, "tamper": 3}

The report is ``{"deliveries": [{"kind", "status", "code", "replayed", "ms"}, …]}``.
"""

import http.client
import json
import sys
import time
import urllib.parse
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from standardwebhooks.webhooks import Webhook

from . import fhir

WRONG_SECRET = "whsec_" + "QUJD" * 11
POLL_SECONDS = 30


class Gateway:
    """Signs and posts messages, and stores the answers.

    :param orders: see the module
    """

    def __init__(self, orders: dict):
        parts = urllib.parse.urlsplit(orders["url"])
        self.connection = http.client.HTTPConnection(
            parts.hostname, parts.port, timeout=60
        )
        self.client = orders["client"]
        self.webhook = Webhook(orders["secret"])
        self.deliveries: list[dict] = []

    def headers(
        self, message_id: str, body: str, at: datetime, signer: Webhook
    ) -> dict:
        """Return the headers of a signed message."""
        return {
            "Content-Type": "application/json",
            "Interop-Client": self.client,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signer.sign(message_id, at, body),
        }

    def post(self, kind: str, message: dict, **attack: object) -> dict:
        """Send a message and store the answer under ``kind``.

        :param attack: ``at`` (time of the signature), ``signer`` (another key), ``change``
            (function that changes the signed bytes), ``headers`` (function that changes the
            headers)
        """
        body = json.dumps(message, ensure_ascii=False)
        headers = self.headers(
            message["id"],
            body,
            attack.get("at") or datetime.now(UTC),
            attack.get("signer") or self.webhook,
        )
        if "change" in attack:
            body = attack["change"](body)
        if "headers" in attack:
            headers = attack["headers"](headers)
        start = time.monotonic()
        status, answer, replayed = self._exchange(
            "POST", "/interop/v1/messages", headers, body.encode()
        )
        delivery = {
            "kind": kind,
            "status": status,
            "code": answer.get("code", "") if status >= 400 else "",
            "replayed": replayed,
            "ms": round(1000 * (time.monotonic() - start)),
        }
        self.deliveries.append(delivery)
        return delivery

    def state(self, message_id: str) -> str:
        """Return the status of a message."""
        headers = self.headers(message_id, "", datetime.now(UTC), self.webhook)
        path = f"/interop/v1/messages/{message_id}"
        _status, answer, _replayed = self._exchange("GET", path, headers, b"")
        return answer.get("status", "")

    def _exchange(
        self, method: str, path: str, headers: dict, body: bytes
    ) -> tuple[int, dict, bool]:
        """Send one request; return status, body, and whether the answer was stored."""
        self.connection.request(method, path, body or None, headers)
        response = self.connection.getresponse()
        text = response.read()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"code": "not_json"}
        return response.status, answer, bool(response.getheader("Idempotent-Replayed"))


def envelope(kind: str, data: dict, facility: str) -> dict:
    """A new message of this type."""
    return {
        "id": f"ehr_{uuid.uuid4().hex}",
        "type": kind,
        "schema_version": 1,
        "source": "urn:bumc:ehr",
        "facility": facility,
        "occurred_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": data,
    }


def send_all(gateway: Gateway, examples: Path) -> list[dict]:
    """Send every resource once; locations are first, because roles refer to them."""
    places = [
        envelope("location.upserted", fhir.location(item), fhir.facility(item))
        for item in fhir.resources(examples, "Location")
    ]
    for message in places:
        gateway.post("location", message)
    wait_for(gateway, places)
    people = {item["id"]: item for item in fhir.resources(examples, "Practitioner")}
    providers = [
        envelope("provider.upserted", fhir.provider(item), fhir.facility(item))
        for item in people.values()
    ]
    for role in fhir.resources(examples, "PractitionerRole"):
        person = people[role["practitioner"]["reference"].split("/")[1]]
        data = fhir.provider(person, role)
        providers.append(envelope("provider.upserted", data, fhir.facility(person)))
    for message in providers:
        gateway.post("provider", message)
    return places + providers


def wait_for(gateway: Gateway, messages: list[dict]) -> None:
    """Poll the status of messages that are applied in the background."""
    deadline = time.monotonic() + POLL_SECONDS
    for message in messages:
        while gateway.state(message["id"]) in ("pending", "processing"):
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)


def send_again(gateway: Gateway, messages: list[dict], every: int) -> None:
    """Send every n-th message again, like a sender that did not get the answer."""
    for message in messages[::every]:
        gateway.post("again", message)


def attack(gateway: Gateway, messages: list[dict], tampered: int) -> None:
    """Send requests that the server has to refuse, with new ids where necessary."""
    now = datetime.now(UTC)

    def fresh(**changes: object) -> dict:
        return {**messages[-1], "id": f"ehr_{uuid.uuid4().hex}", **changes}

    for _number in range(tampered):
        gateway.post("tampered", fresh(), change=_other_facility)
    gateway.post("old timestamp", fresh(), at=now - timedelta(minutes=10))
    gateway.post("future timestamp", fresh(), at=now + timedelta(minutes=10))
    gateway.post("wrong key", fresh(), signer=Webhook(WRONG_SECRET))
    gateway.post("unsigned", fresh(), headers=_unsigned)
    gateway.post(
        "unknown client",
        fresh(),
        headers=lambda headers: {**headers, "Interop-Client": "nobody"},
    )
    other = {**messages[0]["data"], "name": "Another name under the same id"}
    gateway.post("id reused", {**messages[0], "data": other})
    gateway.post("unknown contract", fresh(type="observation.recorded"))
    private = {**messages[-1]["data"], "birth_date": "1975-12-07"}
    gateway.post("schema", fresh(data=private))
    gateway.post("unknown facility", fresh(facility="ELSEWHERE"))


def _other_facility(body: str) -> str:
    """Change the facility in the signed text."""
    return body.replace(f'"{fhir.HOSPITAL}"', f'"{fhir.CLINIC}"', 1)


def _unsigned(headers: dict) -> dict:
    """Return the headers without the signature."""
    return {
        name: value
        for name, value in headers.items()
        if not name.startswith("webhook-")
    }


def main() -> None:
    """Run all steps of the partner and print the report."""
    orders = json.load(sys.stdin)
    gateway = Gateway(orders)
    messages = send_all(gateway, Path(orders["examples"]))
    send_again(gateway, messages, orders["repeat_every"])
    attack(gateway, messages, orders["tamper"])
    json.dump({"deliveries": gateway.deliveries}, sys.stdout)


if __name__ == "__main__":
    main()
