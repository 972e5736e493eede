"""Create a flow of partners to a receiver, for benches and tests of outbound messages.

The functions run inside Odoo (``interop_setup.odoo_call``).
"""

import json

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {"name": {"type": "string"}},
}


def prepare(env, lease: int) -> None:
    """Allow a receiver on any port, and this database to exchange messages."""
    params = env["ir.config_parameter"]
    params.set_param("interop_webhook.allowed_ports", "1024-65535")
    params.set_param("interop_base.lease_seconds", str(lease))
    env["interop.guard"]._adopt_database()


def contract(env, message_type: str):
    """Return the published contract of this type; create it if it is missing."""
    found = env["interop.contract"]._find(message_type)
    if not found:
        found = env["interop.contract"].create(
            {
                "message_type": message_type,
                "model_id": env["ir.model"]._get_id("res.partner"),
                "schema": json.dumps(SCHEMA),
                "example_ids": [(0, 0, {"name": "One", "body": '{"name": "A"}'})],
            }
        )
        found._set_published()
    return found


def policy(env, name: str, schedule: str):
    """Create a retry policy with very little jitter."""
    return env["interop.retry.policy"].create(
        {"name": name, "schedule": schedule, "jitter_percent": 1}
    )


def endpoint(env, number: int, url: str, **values):
    """A system and its endpoint on this machine: the endpoint and its secret."""
    system = env["interop.system"].create(
        {
            "name": f"Receiver {number}",
            "code": f"receiver-{number}",
            "environment": "test",
            "owner_id": env.ref("base.user_admin").id,
            "company_ids": [(6, 0, env.company.ids)],
        }
    )
    made = env["interop.endpoint"].create(
        {
            "name": f"Receiver {number}",
            "code": f"receiver-{number}",
            "system_id": system.id,
            "url": url,
            "allow_http": True,
            "allowed_networks": "127.0.0.0/8",
            **values,
        }
    )
    _secret, value = made._rotate_kind("hmac")
    return made, value


def interface(env, number: int, receiver, carried, retries, mapped: bool = True):
    """The active interface of an endpoint; it carries the names of partners.

    :param receiver: the endpoint
    :param carried: the contract
    :param retries: the retry policy
    :param mapped: whether a mapping says what it carries; else the contract's handler
    """
    admin = env.ref("base.user_admin")
    made = env["interop.interface"].create(
        {
            "name": f"Flow {number}",
            "code": f"flow-{number}",
            "system_id": receiver.system_id.id,
            "direction": "out",
            "transport": "webhook",
            "endpoint_id": receiver.id,
            "contract_ids": [(6, 0, carried.ids)],
            "company_ids": [(6, 0, env.company.ids)],
            "owner_id": admin.id,
            "exception_user_id": admin.id,
            "objective_seconds": 60,
            "latency_tier": "near_real_time",
            "data_class": "none",
            "retry_policy_id": retries.id,
        }
    )
    if mapped:
        lines = [(0, 0, {"path": "name", "field_path": "name"})]
        env["interop.mapping"].create(
            {"interface_id": made.id, "contract_id": carried.id, "line_ids": lines}
        )
    made.with_user(admin).sudo()._set_approved()
    made._set_active()
    return made
