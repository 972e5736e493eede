"""What the test of the operations page does inside Odoo (``inside``)."""

from interop_setup import outbound_flow


def prepare(env):
    """Make a secret, a stream and an attachment; answer what has to come back."""
    outbound_flow.prepare(env, lease=30)
    made, value = outbound_flow.endpoint(env, 1, "http://127.0.0.1:9000/")
    made.system_id.environment = "production"
    interface = outbound_flow.interface(
        env,
        1,
        made,
        outbound_flow.contract(env, "sys_thing.changed"),
        outbound_flow.policy(env, "Operations", "0s"),
    )
    stream = env["interop.stream"].search([("interface_id", "=", interface.id)])
    stream = stream or env["interop.stream"].create({"interface_id": interface.id})
    env["ir.attachment"].create({"name": "operations", "raw": b"kept" * 1000})
    return {"secret": value, "secret_id": made.secret_ids[0].id, "epoch": stream.epoch}


def look(env, secret):
    """What is there after the restore."""
    attachment = env["ir.attachment"].search([("name", "=", "operations")])
    return {
        "secret": env["interop.secret"].browse(secret)._get_value(),
        "epoch": env["interop.stream"].search([], limit=1).epoch,
        "attachment": attachment.raw.decode()[:4],
    }
