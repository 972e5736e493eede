"""The identifiers of a record are on a page of its form, no longer behind a button."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """When all apps are there: the forms belong to any of them."""
    cr.execute(
        "SELECT id, view_id, action_id FROM interop_identifier_model "
        "WHERE view_id IS NOT NULL OR action_id IS NOT NULL"
    )
    replace_buttons(api.Environment(cr, SUPERUSER_ID, {}), cr.fetchall())


def replace_buttons(env, rows):
    """Take the buttons away; who had one has the page.

    :param rows: ``(id of the kind of record, id of the view, id of the action)``, the
        last two None where there is none
    """
    for kind_id, view_id, action_id in rows:
        kind = env["interop.identifier.model"].browse(kind_id)
        env["ir.ui.view"].browse(view_id or []).exists().unlink()
        env["ir.actions.act_window"].browse(action_id or []).exists().unlink()
        if view_id and kind.model in env and not kind.view_ids:
            kind._offer_page()
