"""Facilities: every facility is a company, branches included."""

from odoo import models


class ResCompany(models.Model):
    """A facility can be stopped on its own in an emergency."""

    _name = "res.company"
    _inherit = ["res.company", "interop.stop.mixin"]
