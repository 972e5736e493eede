"""References without a foreign key, for tables that are written by the thousand."""

from odoo import fields


class GuardedMany2one(fields.Many2one):
    """A reference that a foreign key of another table guards already.

    For each row that is inserted, PostgreSQL would look up and lock the row that it refers
    to. Use it only where a row of a table with foreign keys (``ondelete="restrict"``) names
    the same record for as long as this one exists.
    """

    def update_db_foreign_key(self, model, column):
        """Add no foreign key."""
