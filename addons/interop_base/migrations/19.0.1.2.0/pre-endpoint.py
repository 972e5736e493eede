"""The pace of endpoints (rate, order, circuit, health) comes from ``interop_webhook``."""

from odoo.addons.interop_base import upgrade

MOVES = [
    upgrade.Move(
        source="interop_webhook",
        target="interop_base",
        models=(
            "interop.endpoint",
            "interop.endpoint.health",
            "interop.endpoint.hour",
        ),
        fields=(
            "interop.interface.endpoint_id",
            "interop.message.endpoint_id",
            "interop.message.blocked_by_id",
            "interop.message.blocked_since",
            "interop.message.blocked_reason",
            "interop.message.blocking_count",
            "interop.message.blocking_since",
            "interop.replay.endpoint_ids",
        ),
        constraints=("interop_message_waiting_test_idx",),
        records=("mail_suspended", "interop_webhook_menu_endpoints"),
    ),
    # The warning about secrets runs on the same model, and stays.
    upgrade.Move(
        source="interop_base",
        target="interop_webhook",
        records=("ir_cron_secrets", "ir_cron_secrets_ir_actions_server"),
    ),
]
PARAMETERS = ("operations_email", "suspend_hours", "suspend_failures")


def migrate(cr, version):
    """Before any data file is read: nothing is deleted and made anew."""
    if not version:
        return
    upgrade.move(cr, *MOVES)
    for name in PARAMETERS:
        cr.execute(
            "UPDATE ir_config_parameter SET key = %s WHERE key = %s",
            [f"interop_base.{name}", f"interop_webhook.{name}"],
        )
