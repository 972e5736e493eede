"""What the tests of the way in do inside Odoo (``interop_setup.odoo_call``)."""

NPI = "http://hl7.org/fhir/sid/us-npi"


def set_up(env, data_class="personal"):
    """Make one active client that may send providers; answer its code and key."""
    env["interop.guard"]._adopt_database()
    contract = env.ref("interop_care.interop_contract_provider_upserted")
    steward = env.ref("base.user_admin")
    system = env["interop.system"].create(
        {
            "name": "Record",
            "code": "record",
            "environment": "test",
            "company_ids": [(6, 0, env.company.ids)],
        }
    )
    interface = env["interop.interface"].create(
        {
            "name": "Providers in",
            "code": "providers-in",
            "system_id": system.id,
            "direction": "in",
            "transport": "rest",
            "contract_ids": [(6, 0, contract.ids)],
            "company_ids": [(6, 0, env.company.ids)],
            "owner_id": steward.id,
            "exception_user_id": steward.id,
            "objective_seconds": 60,
            "latency_tier": "real_time",
            "data_class": data_class,
        }
    )
    interface.with_user(steward).sudo()._set_approved()
    interface._set_active()
    client = env["interop.client"].create(
        {
            "name": "Gateway",
            "code": "gateway",
            "system_id": system.id,
            "interface_ids": [(6, 0, interface.ids)],
        }
    )
    secrets = env["interop.secret"]
    text = secrets._generate_plaintext("hmac")
    secrets._create_value(client._secret_values("hmac"), text)
    client.with_user(steward).sudo()._set_approved()
    client._set_active()
    return {"client": client.code, "secret": text}


def effects(env):
    """Answer what the messages did: providers, identifiers and message states."""
    return {
        "providers": env["res.partner"].search_count(
            [("interop_is_provider", "=", True)]
        ),
        "identifiers": env["interop.identifier"]
        .search([("namespace_id.uri", "=", NPI)])
        .mapped("value"),
        "states": env["interop.message"]
        .search([("direction", "=", "in")])
        .mapped("state"),
    }
