"""The part of the inbound tests that runs inside Odoo (``inside``)."""

from interop_setup import inbound_flow

NPI = "http://hl7.org/fhir/sid/us-npi"


def set_up(env, data_class="personal"):
    """Create one active client that may send providers; return its code and key."""
    contract = env.ref("interop_care.interop_contract_provider_upserted")
    interface = inbound_flow.interface(
        env, inbound_flow.system(env), contract, data_class=data_class
    )
    return _signing_client(env, interface, "gateway")


def _signing_client(env, interface, code):
    _client, texts = inbound_flow.client(env, interface, code)
    return {"client": code, "secret": texts["hmac"]}


def _interface(env):
    return env["interop.interface"].search([("code", "=", "providers-in")])


def more_clients(env, count):
    """Create further clients of the same interface; return their codes and keys."""
    interface = _interface(env)
    return [
        _signing_client(env, interface, f"gateway-{number}") for number in range(count)
    ]


def token_client(env, code="explorer", networks=""):
    """Create a client with a token on the same interface; return its code and token."""
    namespace = env["interop.namespace"].search([("uri", "=", NPI)])
    _client, texts = inbound_flow.client(
        env,
        _interface(env),
        code,
        kinds=("token_hash",),
        allowed_networks=networks,
        namespace_ids=[(6, 0, namespace.ids)],
        accepts_token=True,
    )
    return {"client": code, "token": texts["token_hash"]}


def machine_client(env):
    """Create a client with a token and a key for RFC 9421; return both and the key id."""
    client, texts = inbound_flow.client(
        env,
        _interface(env),
        "machine",
        kinds=("token_hash", "hmac"),
        accepts_token=True,
        accepts_http_signature=True,
    )
    key = client.secret_ids.filtered(lambda secret: secret.kind == "hmac")
    return {
        "client": client.code,
        "token": texts["token_hash"],
        "secret": texts["hmac"],
        "key_id": key.uuid,
    }


def effects(env):
    """Return the effects of the messages: providers, identifiers and message states."""
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
    """Revoke the keys of a client without a signal to the workers."""
    env.cr.execute(
        """UPDATE interop_secret SET revoked_at = now() AT TIME ZONE 'UTC'
            WHERE client_id = (SELECT id FROM interop_client WHERE code = %s)""",
        [client],
    )


def call_facility(env, code):
    """Let the system call its facility by this code, and approve that."""
    interface = env["interop.interface"].search([("code", "=", "providers-in")])
    system = interface.system_id
    if system.facility_code_ids:
        system.facility_code_ids.code = code
    else:
        values = {"code": code, "company_id": env.company.id}
        system.facility_code_ids = [(0, 0, values)]
    interface.with_user(env.ref("base.user_admin")).sudo()._set_approved()


def limit(env, client, rate):
    """Limit a client to ``rate`` requests per minute, and set the owner of its system."""
    found = env["interop.client"].search([("code", "=", client)])
    found.rate_limit = rate
    found.system_id.owner_id = env.ref("base.user_admin")


def alarms(env, client):
    """Return the number of activities of a client."""
    found = env["interop.client"].search([("code", "=", client)])
    return len(found.activity_ids)
