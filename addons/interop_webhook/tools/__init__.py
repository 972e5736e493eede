"""Pure code of this addon: no Odoo import, no record."""
