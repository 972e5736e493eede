"""What the test of the FHIR examples does inside Odoo (``inside``)."""

CONTRACTS = (
    "provider_upserted",
    "location_upserted",
    "person_registered",
)


def set_up(env, own, systems):
    """Make a client that may send the contracts and look up every namespace.

    ``own`` is the URI of the sender's own numbers, ``systems`` those of other people's.
    """
    env["interop.guard"]._adopt_database()
    steward = env.ref("base.user_admin")
    system = env["interop.system"].create(
        {
            "name": "Record",
            "code": "record",
            "environment": "test",
            "company_ids": [(6, 0, env.company.ids)],
        }
    )
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
    contracts = [env.ref(f"interop_care.interop_contract_{n}").id for n in CONTRACTS]
    interface = env["interop.interface"].create(
        {
            "name": "Master data in",
            "code": "master-data-in",
            "system_id": system.id,
            "direction": "in",
            "transport": "rest",
            "contract_ids": [(6, 0, contracts)],
            "company_ids": [(6, 0, env.company.ids)],
            "owner_id": steward.id,
            "exception_user_id": steward.id,
            "objective_seconds": 60,
            "latency_tier": "real_time",
            "data_class": "patient_adjacent",
        }
    )
    interface.with_user(steward).sudo()._set_approved()
    interface._set_active()
    known = env["interop.namespace"].search([("uri", "in", systems)])
    client = env["interop.client"].create(
        {
            "name": "Gateway",
            "code": "gateway",
            "system_id": system.id,
            "interface_ids": [(6, 0, interface.ids)],
            "namespace_ids": [(6, 0, (namespaces | known).ids)],
            "accepts_token": True,
            "accepts_signature": False,
        }
    )
    token = client.action_generate_token()["params"]["value"]
    client.with_user(steward).sudo()._set_approved()
    client._set_active()
    return {"client": client.code, "token": token}


def counts(env):
    """Answer how many records there are of everything that a load may make."""
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
