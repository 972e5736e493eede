"""What the tests of the way out do inside Odoo (``interop_setup.odoo_call``)."""

import json

MESSAGE_TYPE = "sys_thing.changed"
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {"name": {"type": "string"}},
}


def set_up(
    env, url, schedule="0s, 1s, 1s, 1s, 1s, 2s, 2s, 2s, 2s, 2s", lease=30, **endpoint
):
    """Make one active flow of partners to ``url``; answer ids and the secret."""
    params = env["ir.config_parameter"]
    params.set_param("interop_webhook.allowed_ports", "1024-65535")
    params.set_param("interop_base.lease_seconds", str(lease))
    env["interop.guard"]._adopt_database()
    contract = _contract(env)
    policy = env["interop.retry.policy"].create(
        {"name": "System test", "schedule": schedule, "jitter_percent": 1}
    )
    number = env["interop.endpoint"].search_count([]) + 1
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
            **endpoint,
        }
    )
    _secret, value = made._rotate_kind("hmac")
    interface = _interface(env, number, system, made, contract, policy)
    return {"endpoint": made.id, "interface": interface.id, "secret": value}


def _contract(env):
    found = env["interop.contract"]._find(MESSAGE_TYPE)
    if not found:
        found = env["interop.contract"].create(
            {
                "message_type": MESSAGE_TYPE,
                "model_id": env["ir.model"]._get_id("res.partner"),
                "schema": json.dumps(SCHEMA),
                "example_ids": [(0, 0, {"name": "One", "body": '{"name": "A"}'})],
            }
        )
        found._set_published()
    return found


def _interface(env, number, system, endpoint, contract, policy):
    interface = env["interop.interface"].create(
        {
            "name": f"Flow {number}",
            "code": f"flow-{number}",
            "system_id": system.id,
            "direction": "out",
            "transport": "webhook",
            "endpoint_id": endpoint.id,
            "contract_ids": [(6, 0, contract.ids)],
            "company_ids": [(6, 0, env.company.ids)],
            "owner_id": env.ref("base.user_admin").id,
            "exception_user_id": env.ref("base.user_admin").id,
            "objective_seconds": 60,
            "latency_tier": "near_real_time",
            "data_class": "none",
            "retry_policy_id": policy.id,
        }
    )
    env["interop.mapping"].create(
        {
            "interface_id": interface.id,
            "contract_id": contract.id,
            "line_ids": [(0, 0, {"path": "name", "field_path": "name"})],
        }
    )
    interface.with_user(env.ref("base.user_admin")).sudo()._set_approved()
    interface._set_active()
    return interface


def publish(env, count, name="Dr."):
    """Create ``count`` partners and publish each, in one transaction."""
    partners = env["res.partner"].create(
        [
            {"name": f"{name} {index}", "company_id": env.company.id}
            for index in range(count)
        ]
    )
    env["interop.event"]._publish(MESSAGE_TYPE, partners)
    return partners.mapped("name")


def publish_rounds(env, keys, rounds):
    """Change and publish ``keys`` partners ``rounds`` times, each in a transaction."""
    partners = env["res.partner"].create(
        [{"name": f"{key}:new", "company_id": env.company.id} for key in range(keys)]
    )
    env.cr.commit()
    for number in range(rounds):
        for key, partner in enumerate(partners):
            partner.name = f"{key}:{number}"
            env["interop.event"]._publish(MESSAGE_TYPE, partner)
            env.cr.commit()


def deprecate(env):
    """Close every interface to new traffic."""
    env["interop.interface"].search([("state", "=", "active")])._set_deprecated()


def roll_back(env, count):
    """Publish ``count`` partners and let the transaction fail."""
    with env.cr.savepoint():
        publish(env, 1, "Kept")
    publish(env, count, "Lost")
    env.cr.rollback()


def states(env, interface):
    """Return what became of an interface's messages."""
    found = env["interop.message"].search(
        [("interface_id", "=", interface)], order="id"
    )
    return [
        {
            "id": message.external_id,
            "state": message.state,
            "attempts": message.attempt_ids.mapped("outcome"),
            "started": [
                attempt.started_at.timestamp() for attempt in message.attempt_ids
            ],
            "error_class": message.error_class,
            "error_code": message.error_code,
            "owner": message.owner_user_id.login,
        }
        for message in found
    ]


def retry_dead(env, interface):
    """Retry what is dead, as a person would; answer why it was and whose it is."""
    dead = env["interop.message"].search(
        [("interface_id", "=", interface), ("state", "=", "dead")]
    )
    found = [(item.error_code, item.owner_user_id.login) for item in dead]
    if dead:
        dead.action_retry()
    return found


def replay(env, interface, per_second):
    """Start to deliver everything of an interface again; answer the replay's id."""
    made = env["interop.replay"].create(
        {
            "reason": "The receiver lost everything",
            "interface_ids": [(6, 0, [interface])],
            "per_second": per_second,
        }
    )
    made.action_start()
    return made.id


def replay_state(env, replay):
    """What became of it so far."""
    found = env["interop.replay"].browse(replay)
    return {
        "state": found.state,
        "total": found.total_count,
        "moved": found.moved_count,
    }
