"""A contact that Odoo's Merge Contacts deleted is no longer made anew.

What was noted for that goes: whole rows of contacts as they were, and what changed on
those that stayed. The merges themselves and their identifiers stay.
"""

from odoo.tools.sql import column_exists

TABLE = "interop_identifier_merge"


def migrate(cr, version):
    """Before the columns are unknown to the ORM."""
    forget_contacts(cr)


def forget_contacts(cr):
    """Delete what was noted about deleted contacts and drop its columns.

    Repeating it changes nothing.
    """
    if column_exists(cr, TABLE, "removed"):
        cr.execute(
            """DELETE FROM interop_identifier_merge_line
                WHERE res_model = 'res.partner' AND merge_id = ANY(ARRAY(
                      SELECT id FROM interop_identifier_merge WHERE removed))"""
        )
    cr.execute(
        """ALTER TABLE IF EXISTS interop_identifier_merge
           DROP COLUMN IF EXISTS snapshot, DROP COLUMN IF EXISTS removed"""
    )
