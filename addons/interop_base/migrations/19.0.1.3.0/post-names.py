"""Give records that an upgrade does not load again the names of a new installation."""

from odoo import SUPERUSER_ID, api

# A name that an administrator has changed stays.
NAMES = {
    "interop_base.ir_cron_rearm": (
        "Healthcare Integration: wake the message pump",
        "Healthcare Integration: start delivery of due messages",
    ),
    "interop_base.ir_cron_clients": (
        "Healthcare Integration: remind before clients and their keys end",
        "Healthcare Integration: warn before clients and keys expire",
    ),
    "interop_base.ir_cron_continue_replays": (
        "Healthcare Integration: continue replays whose job was lost",
        "Healthcare Integration: resume replays without a job",
    ),
    "interop_base.interop_retry_policy_urgent": (
        "Urgent (known within minutes)",
        "Urgent (fails within minutes)",
    ),
}


def migrate(cr, version):
    """Rename scheduled actions and retry policies that still have their old names."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for xml_id, (old, new) in NAMES.items():
        record = env.ref(xml_id, raise_if_not_found=False)
        if record and record.name == old:
            record.name = new
