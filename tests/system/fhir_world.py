"""The part of the test of the FHIR examples that runs inside Odoo (``inside``)."""

from interop_setup import inbound_flow

CONTRACTS = (
    "provider_upserted",
    "location_upserted",
    "person_registered",
)


def set_up(env, own, systems):
    """Create a client that may send the contracts and look up every namespace.

    ``own`` is the URI of the sender's numbers, ``systems`` are the URIs of other authorities.
    """
    system = inbound_flow.system(env)
    namespaces = env["interop.namespace"].create(
        [
            {
                "name": uri,
                "code": f"example-{number}",
                "uri": uri,
                "system_id": uri == own and system.id,
                "one_active_per_record": uri == own,
            }
            for number, uri in enumerate([own, *systems])
            if not env["interop.namespace"].search_count([("uri", "=", uri)])
        ]
    )
    contracts = env["interop.contract"].union(
        *(env.ref(f"interop_care.interop_contract_{name}") for name in CONTRACTS)
    )
    interface = inbound_flow.interface(
        env, system, contracts, code="master-data-in", data_class="patient_adjacent"
    )
    known = env["interop.namespace"].search([("uri", "in", systems)])
    client, texts = inbound_flow.client(
        env,
        interface,
        "gateway",
        kinds=("token_hash",),
        namespace_ids=[(6, 0, (namespaces | known).ids)],
        accepts_token=True,
        accepts_signature=False,
    )
    return {"client": client.code, "token": texts["token_hash"]}


def counts(env):
    """Return the number of records of each kind that the test may create."""
    partners = env["res.partner"].with_context(active_test=False)
    marks = ("interop_is_person", "interop_is_provider", "interop_is_location")
    found = {mark: partners.search_count([(mark, "=", True)]) for mark in marks}
    for model in (
        "res.partner",
        "interop.identifier",
        "interop.care.role",
        "interop.care.specialty",
        "interop.facility.membership",
        "interop.identity.case",
    ):
        found[model] = env[model].with_context(active_test=False).search_count([])
    return found
