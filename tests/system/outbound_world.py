"""The part of the outbound tests that runs inside Odoo (``inside``)."""

from interop_setup import outbound_flow

MESSAGE_TYPE = "sys_thing.changed"


def set_up(
    env, url, schedule="0s, 1s, 1s, 1s, 1s, 2s, 2s, 2s, 2s, 2s", lease=30, **endpoint
):
    """Create one active flow of partners to ``url``; return ids and the secret."""
    outbound_flow.prepare(env, lease)
    number = env["interop.endpoint"].search_count([]) + 1
    made, secret = outbound_flow.endpoint(env, number, url, **endpoint)
    interface = outbound_flow.interface(
        env,
        number,
        made,
        outbound_flow.contract(env, MESSAGE_TYPE),
        outbound_flow.policy(env, "System test", schedule),
    )
    return {"endpoint": made.id, "interface": interface.id, "secret": secret}


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


def suspend(env, interface):
    """Suspend an interface: events become messages, and nothing is sent."""
    env["interop.interface"].browse(interface)._set_suspended()


def limit_statements(env, seconds):
    """Let PostgreSQL end statements of the engine after ``seconds``."""
    env["ir.config_parameter"].set_param("interop_base.statement_seconds", seconds)


def engine_texts(env):
    """Return the engine status of the Settings."""
    return env["res.config.settings"].create({}).interop_engine_texts or ""


def deprecate(env):
    """Suspend every interface."""
    env["interop.interface"].search([("state", "=", "active")])._set_deprecated()


def roll_back(env, count):
    """Publish ``count`` partners and let the transaction fail."""
    with env.cr.savepoint():
        publish(env, 1, "Kept")
    publish(env, count, "Lost")
    env.cr.rollback()


def states(env, interface):
    """Return the states of the messages of an interface."""
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
    """Retry dead messages like a user; return their errors and owners."""
    dead = env["interop.message"].search(
        [("interface_id", "=", interface), ("state", "=", "dead")]
    )
    found = [(item.error_code, item.owner_user_id.login) for item in dead]
    if dead:
        dead.action_retry()
    return found


def replay(env, interface, per_second):
    """Start a replay of all messages of an interface; return the id of the replay."""
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
    """Return the state of the replay."""
    found = env["interop.replay"].browse(replay)
    return {
        "state": found.state,
        "total": found.total_count,
        "moved": found.moved_count,
    }
