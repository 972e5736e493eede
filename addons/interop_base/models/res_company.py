"""Facilities: each facility is a company, branches included."""

from odoo import models


class ResCompany(models.Model):
    """A facility; an emergency can stop it separately."""

    _name = "res.company"
    _inherit = ["res.company", "interop.stop.mixin"]
