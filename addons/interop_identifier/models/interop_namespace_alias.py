"""Short names of assigning authorities."""

from odoo import api, fields, models


class InteropNamespaceAlias(models.Model):
    """Another name of an assigning authority: for everyone or for one system, at all
    facilities or at one."""

    _name = "interop.namespace.alias"
    _description = "Namespace Alias"
    _order = "namespace_id, name"

    namespace_id = fields.Many2one(
        "interop.namespace", required=True, ondelete="cascade", index=True
    )
    name = fields.Char(
        "Alias",
        required=True,
        help="HL7 v2 namespace id (HD.1), universal id (HD.2) or another URI.",
    )
    system_id = fields.Many2one(
        "interop.system",
        "Used By",
        ondelete="cascade",
        help="Short names mean different things in different systems. Empty: in all.",
    )

    company_id = fields.Many2one(
        "res.company",
        "At Facility",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        readonly=False,
        ondelete="cascade",
        help="One system may use the same short name for the numbers of each of its "
        "facilities. Empty: at all.",
    )

    _name_uniq = models.UniqueIndex(
        "(name, COALESCE(system_id, 0), COALESCE(company_id, 0))",
        "This alias names another namespace already, for the same system and facility.",
    )

    @api.depends("namespace_id")
    def _compute_company_id(self):
        for alias in self:
            alias.company_id = alias.namespace_id.company_id

    def _nearness(self):
        """Return how well an alias that fits does, the greater the better."""
        path = (self.company_id.parent_path or "").rstrip("/")
        return bool(self.system_id), len(path.split("/")) if path else 0

    @api.model_create_multi
    def create(self, vals_list):
        """Create aliases; look-ups know them at once."""
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        """Change aliases; look-ups know at once."""
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        """Forget the aliases in look-ups, too."""
        self.env.registry.clear_cache()
        return super().unlink()
