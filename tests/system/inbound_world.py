"""What the tests of the way in do inside Odoo (``inside``)."""

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
    (made,) = _clients(env, interface, ["gateway"])
    return made


def _clients(env, interface, codes):
    """Make active clients of an interface; answer their codes and keys."""
    steward = env.ref("base.user_admin")
    secrets = env["interop.secret"]
    made = []
    for code in codes:
        client = env["interop.client"].create(
            {
                "name": code.capitalize(),
                "code": code,
                "system_id": interface.system_id.id,
                "interface_ids": [(6, 0, interface.ids)],
            }
        )
        text = secrets._generate_plaintext("hmac")
        secrets._create_value(client._secret_values("hmac"), text)
        client.with_user(steward).sudo()._set_approved()
        client._set_active()
        made.append({"client": code, "secret": text})
    return made


def more_clients(env, count):
    """Make as many clients more on the same interface; answer their codes and keys."""
    interface = env["interop.interface"].search([("code", "=", "providers-in")])
    return _clients(env, interface, [f"gateway-{number}" for number in range(count)])


def token_client(env, code="explorer", networks=""):
    """Make a client with a token on the same interface; answer its code and token."""
    interface = env["interop.interface"].search([("code", "=", "providers-in")])
    namespace = env["interop.namespace"].search([("uri", "=", NPI)])
    client = env["interop.client"].create(
        {
            "name": code.capitalize(),
            "code": code,
            "allowed_networks": networks,
            "system_id": interface.system_id.id,
            "interface_ids": [(6, 0, interface.ids)],
            "namespace_ids": [(6, 0, namespace.ids)],
            "accepts_token": True,
        }
    )
    secrets = env["interop.secret"]
    text = secrets._generate_plaintext("token_hash")
    secrets._create_value(client._secret_values("token_hash"), text)
    client.with_user(env.ref("base.user_admin")).sudo()._set_approved()
    client._set_active()
    return {"client": client.code, "token": text}


def machine_client(env):
    """Make a client with a token and a key for RFC 9421; answer them with the key's id."""
    interface = env["interop.interface"].search([("code", "=", "providers-in")])
    client = env["interop.client"].create(
        {
            "name": "Machine",
            "code": "machine",
            "system_id": interface.system_id.id,
            "interface_ids": [(6, 0, interface.ids)],
            "accepts_token": True,
            "accepts_http_signature": True,
        }
    )
    secrets = env["interop.secret"]
    texts = {}
    for kind in ("token_hash", "hmac"):
        texts[kind] = secrets._generate_plaintext(kind)
        secrets._create_value(client._secret_values(kind), texts[kind])
    key = client.secret_ids.filtered(lambda secret: secret.kind == "hmac")
    client.with_user(env.ref("base.user_admin")).sudo()._set_approved()
    client._set_active()
    return {
        "client": client.code,
        "token": texts["token_hash"],
        "secret": texts["hmac"],
        "key_id": key.uuid,
    }


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


def revoke(env, client):
    """Revoke the keys of a client; no worker is told of it."""
    env.cr.execute(
        """UPDATE interop_secret SET revoked_at = now() AT TIME ZONE 'UTC'
            WHERE client_id = (SELECT id FROM interop_client WHERE code = %s)""",
        [client],
    )


def limit(env, client, rate):
    """Limit a client to ``rate`` requests a minute; its system has an owner."""
    found = env["interop.client"].search([("code", "=", client)])
    found.rate_limit = rate
    found.system_id.owner_id = env.ref("base.user_admin")


def alarms(env, client):
    """Answer how many activities a client has."""
    found = env["interop.client"].search([("code", "=", client)])
    return len(found.activity_ids)
