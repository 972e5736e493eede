"""Companies (facilities) are known to other systems by identifiers, too."""

from odoo import models


class ResCompany(models.Model):
    """Facilities carry identifiers."""

    _name = "res.company"
    _inherit = ["res.company", "interop.identified.mixin"]
