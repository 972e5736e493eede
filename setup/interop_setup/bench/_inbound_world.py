"""The part of the inbound bench that runs inside Odoo (``interop_setup.odoo_call``)."""

import time

from interop_setup import inbound_flow

BODY_BYTES = 2048
SPREAD = ("spread-1", "spread-2", "spread-3", "spread-4")  # clients like "accepted"


def set_up(env) -> dict[str, dict[str, str]]:
    """Create a client per kind of work; return ``{work: {client, secret}}``."""
    system = inbound_flow.system(env)
    # A high limit, so that refused requests are never answered early.
    env["ir.config_parameter"].set_param("interop_rest.failures_per_minute", "100000")
    return {
        "accepted": _client(env, system, "accepted", "near_real_time"),
        "applied": _client(env, system, "applied", "real_time"),
        "refused": _client(env, system, "refused", "near_real_time"),
        **{name: _client(env, system, name, "near_real_time") for name in SPREAD},
    }


def _client(env, system, code, tier):
    """Create an active client with an HMAC key and a separate interface."""
    contract = env.ref("interop_care.interop_contract_provider_upserted")
    interface = inbound_flow.interface(
        env, system, contract, code=f"providers-{code}", latency_tier=tier
    )
    # The rate limit is per minute: the bench sends as fast as it can.
    _made, texts = inbound_flow.client(env, interface, code, rate_limit=1000000)
    return {"client": code, "secret": texts["hmac"]}


def time_verification(env, repeats) -> dict[str, float]:
    """Microseconds to verify one signature over 2 KB, by algorithm (best of five)."""
    from odoo.addons.interop_base.tools import signing

    body = b"x" * BODY_BYTES
    now = int(time.time())
    private, public = signing.generate_ed25519_keypair()
    shared = signing.generate_hmac_secret()
    found = {}
    for name, signer, verifier in (
        ("hmac", shared, shared),
        ("ed25519", private, public),
    ):
        key = signing.SigningKey.from_text(signer)
        headers = list(signing.headers("msg_bench", now, body, [key]).items())
        keys = [signing.VerifyingKey.from_text(verifier, 1)]
        best = float("inf")
        for _round in range(5):
            start = time.perf_counter()
            for _number in range(repeats):
                signing.verify(headers, body, keys, now=now, tolerance=300)
            best = min(best, time.perf_counter() - start)
        found[name] = 1_000_000 * best / repeats
    return found


def settle(env) -> dict[str, int]:
    """Count inbound messages by state, to verify that all arrived."""
    groups = env["interop.message"]._read_group(
        [("direction", "=", "in")], ["state"], ["__count"]
    )
    return dict(groups)
