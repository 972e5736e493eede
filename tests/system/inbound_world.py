"""What the tests of the way in do inside Odoo (``inside``)."""

from interop_setup import inbound_flow

NPI = "http://hl7.org/fhir/sid/us-npi"


def set_up(env, data_class="personal"):
    """Make one active client that may send providers; answer its code and key."""
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
    """Make as many clients more on the same interface; answer their codes and keys."""
    interface = _interface(env)
    return [
        _signing_client(env, interface, f"gateway-{number}") for number in range(count)
    ]


def token_client(env, code="explorer", networks=""):
    """Make a client with a token on the same interface; answer its code and token."""
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
    """Make a client with a token and a key for RFC 9421; answer them with the key's id."""
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
    """Limit a client to ``rate`` requests a minute; its system has an owner."""
    found = env["interop.client"].search([("code", "=", client)])
    found.rate_limit = rate
    found.system_id.owner_id = env.ref("base.user_admin")


def alarms(env, client):
    """Answer how many activities a client has."""
    found = env["interop.client"].search([("code", "=", client)])
    return len(found.activity_ids)
