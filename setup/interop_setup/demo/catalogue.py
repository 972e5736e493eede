"""The work of the integration administrator: systems, interfaces, endpoints, client, keys.

One user requests each approval, and another user approves.
"""

from dataclasses import dataclass

from ..progress import say, step
from .api import Refused
from .cast import Cast
from .fhir import CLINIC, HOSPITAL, NAMESPACES, OWN

CLIENT = "bumc-ehr-gateway"
PROVIDERS = "bumc-providers"
LOCATIONS = "bumc-locations"
INVOICES = "invoices-to-clearing-house"
CREDIT_NOTES = "credit-notes-to-archive"

# The table counts attempts. On a slow machine, a circuit that opens after ten failures would
# hold back messages before their first attempt.
CIRCUIT_FAILURES = 100
# For a demo the retries come within seconds instead of hours.
PATIENT = "0s, 1s, 1s, 1s, 2s, 2s, 2s, 3s, 3s, 3s, 5s, 5s, 5s, 5s, 5s, 5s"
SHORT = "0s, 1s, 1s"
SHORT_TRIES = 3


@dataclass
class Catalogue:
    """The created records: ids of interfaces by code, and the keys that were shown."""

    interfaces: dict[str, int]
    client_secret: str
    endpoint_secret: str
    refused_approvals: int


def set_up(cast: Cast, receiver_port: int, dead_port: int) -> Catalogue:
    """Fill the catalogue, have it approved, and activate it."""
    with step("The integration administrator fills the catalogue"):
        ehr = _clinical_system(cast)
        ids = {
            PROVIDERS: _inbound(cast, ehr, PROVIDERS, "provider.upserted", "real_time"),
            LOCATIONS: _inbound(
                cast, ehr, LOCATIONS, "location.upserted", "near_real_time"
            ),
        }
        client = _client(cast, ehr, list(ids.values()))
        shown = cast["administrator"].button(
            "interop.client", "action_generate_hmac", client
        )
        ids[INVOICES], endpoint_secret = _outbound(
            cast, INVOICES, "Clearing house", receiver_port, PATIENT, ""
        )
        ids[CREDIT_NOTES], _unused = _outbound(
            cast,
            CREDIT_NOTES,
            "Tax archive",
            dead_port,
            SHORT,
            "[('move_type', '=', 'out_refund')]",
        )
    refused = _approve(cast, list(ids.values()), client)
    return Catalogue(ids, shown["params"]["value"], endpoint_secret, refused)


def _clinical_system(cast: Cast) -> int:
    """The clinical system, its names for the facilities, and its kinds of numbers."""
    administrator = cast["administrator"]
    system = administrator.create(
        "interop.system",
        name="BUMC electronic health record",
        code="bumc-ehr",
        kind="clinical",
        criticality="3",
        environment="test",
        company_ids=[[6, 0, [cast.hospital, cast.clinic]]],
        facility_code_ids=[
            [0, 0, {"code": HOSPITAL, "company_id": cast.hospital}],
            [0, 0, {"code": CLINIC, "company_id": cast.clinic}],
        ],
    )
    for uri, (name, code, kind, personal) in NAMESPACES.items():
        administrator.create(
            "interop.namespace",
            name=name,
            code=code,
            uri=uri,
            type_code=kind,
            person_adjacent=personal,
            system_id=system if uri == OWN else False,
        )
    return system


def _interface(cast: Cast, contract: str, **values: object) -> int:
    """Create one interface with all values that activation requires."""
    administrator = cast["administrator"]
    domain = [["message_type", "=", contract], ["state", "=", "published"]]
    found, *_older = administrator.read("interop.contract", domain, "data_class")
    return administrator.create(
        "interop.interface",
        contract_ids=[[6, 0, [found["id"]]]],
        data_class=found["data_class"],
        owner_id=administrator.uid,
        exception_team_id=cast.billing,
        objective_seconds=60,
        **values,
    )


def _inbound(cast: Cast, system: int, code: str, contract: str, tier: str) -> int:
    """Create one inbound interface for both facilities."""
    return _interface(
        cast,
        contract,
        name=f"{contract.split('.')[0].capitalize()}s from the health record",
        code=code,
        system_id=system,
        direction="in",
        transport="rest",
        latency_tier=tier,
        purpose="The health record maintains care master data, and billing uses it.",
        company_ids=[[6, 0, [cast.hospital, cast.clinic]]],
    )


def _client(cast: Cast, system: int, interfaces: list[int]) -> int:
    """Create the client of the partner's program."""
    return cast["administrator"].create(
        "interop.client",
        name="Health record gateway",
        code=CLIENT,
        system_id=system,
        interface_ids=[[6, 0, interfaces]],
        allowed_networks="127.0.0.0/8",
    )


def _endpoint(cast: Cast, **values: object) -> int:
    """Create an endpoint and return its id; see ``CIRCUIT_FAILURES``."""
    return cast["administrator"].create(
        "interop.endpoint", circuit_failures=CIRCUIT_FAILURES, **values
    )


def _outbound(
    cast: Cast, code: str, name: str, port: int, schedule: str, domain: str
) -> tuple[int, str]:
    """A system with an endpoint and an interface that delivers invoices to it.

    :returns: the interface's id, and the endpoint's key as it was shown
    """
    administrator = cast["administrator"]
    slug = name.lower().replace(" ", "-")
    hospital = [[6, 0, [cast.hospital]]]
    system = administrator.create(
        "interop.system",
        name=name,
        code=slug,
        kind="partner",
        environment="test",
        company_ids=hospital,
    )
    address = {
        "url": f"http://127.0.0.1:{port}/webhooks",
        "allow_http": True,
        "allowed_networks": "127.0.0.0/8",
    }
    endpoint = _endpoint(cast, name=name, code=slug, system_id=system, **address)
    shown = administrator.button("interop.endpoint", "action_rotate_secret", endpoint)
    policy = {"name": f"Demo: {name}", "schedule": schedule}
    what = code.split("-to-")[0].replace("-", " ").capitalize()
    interface = _interface(
        cast,
        "invoice.posted",
        name=f"{what} to the {name.lower()}",
        code=code,
        system_id=system,
        direction="out",
        transport="webhook",
        endpoint_id=endpoint,
        latency_tier="near_real_time",
        purpose="Posted documents are delivered without manual entry.",
        company_ids=hospital,
        retry_policy_id=administrator.create("interop.retry.policy", **policy),
        filter_domain=domain,
    )
    return interface, shown["params"]["value"]


def _approve(cast: Cast, interfaces: list[int], client: int) -> int:
    """Request approval, approve as another user, and activate.

    :returns: number of self-approvals that Odoo refused
    """
    administrator, steward = cast["administrator"], cast["steward"]
    refused = 0
    with step("The steward approves the requests of the administrator"):
        administrator.button(
            "interop.interface", "action_request_approval", *interfaces
        )
        administrator.button("interop.client", "action_request_approval", client)
        for model, ids in (
            ("interop.interface", interfaces),
            ("interop.client", [client]),
        ):
            try:
                administrator.button(model, "action_approve", *ids)
            except Refused as error:
                say(f"    Odoo refuses the approval of the same user: {error.name}")
                refused += 1
            for row in steward.read(model, [["id", "in", ids]], "approval_fingerprint"):
                steward.call(
                    model,
                    "action_approve",
                    ids=[row["id"]],
                    fingerprint=row["approval_fingerprint"],
                )
            administrator.button(model, "action_activate", *ids)
    return refused
