"""Identifiers of companies (facilities)."""

from odoo import models


class ResCompany(models.Model):
    """Adds identifiers to companies."""

    _name = "res.company"
    _inherit = ["res.company", "interop.identified.mixin"]
