"""The part of the upgrade tests that runs inside Odoo (``inside``)."""


def read_back(env):
    """Decrypt every secret and every payload; return the number of each."""
    secrets = env["interop.secret"].search([("revoked_at", "=", False)])
    payloads = env["interop.payload"].search([])
    bodies = payloads._read_many()
    return {
        "secrets": sum(bool(secret._get_value()) for secret in secrets),
        "payloads": sum(bool(bodies[payload.id]) for payload in payloads),
    }
