"""Pure code of the addon: nothing here imports Odoo, nothing here reads a record."""
