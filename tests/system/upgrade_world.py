"""What the test of upgrades does inside Odoo (``inside``)."""


def read_back(env):
    """Open every secret and every payload; answer how many there were of each."""
    secrets = env["interop.secret"].search([("revoked_at", "=", False)])
    payloads = env["interop.payload"].search([])
    bodies = payloads._read_many()
    return {
        "secrets": sum(bool(secret._get_value()) for secret in secrets),
        "payloads": sum(bool(bodies[payload.id]) for payload in payloads),
    }
