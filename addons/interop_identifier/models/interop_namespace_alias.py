"""Short names of assigning authorities."""

from odoo import api, fields, models


class InteropNamespaceAlias(models.Model):
    """Another name of an assigning authority, for all systems and facilities or for
    one."""

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
        help="The system that uses this alias. Short names differ between "
        "systems. Leave empty for all systems.",
    )

    company_id = fields.Many2one(
        "res.company",
        "At Facility",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        readonly=False,
        ondelete="cascade",
        help="The facility that the alias applies to. A system may use one "
        "short name for the numbers of each facility. Leave empty for all "
        "facilities.",
    )

    _name_uniq = models.UniqueIndex(
        "(name, COALESCE(system_id, 0), COALESCE(company_id, 0))",
        "This alias already names another namespace for the same system "
        "and facility. Change that alias, or enter another name.",
    )

    @api.depends("namespace_id")
    def _compute_company_id(self):
        for alias in self:
            alias.company_id = alias.namespace_id.company_id

    def _nearness(self):
        """Return how specific a matching alias is; a greater number wins."""
        path = (self.company_id.parent_path or "").rstrip("/")
        return bool(self.system_id), len(path.split("/")) if path else 0

    @api.model_create_multi
    def create(self, vals_list):
        """Create aliases and refresh the cache of look-ups."""
        aliases = super().create(vals_list)
        self.env.registry.clear_cache()
        return aliases

    def write(self, vals):
        """Change aliases and refresh the cache of look-ups."""
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Delete aliases and refresh the cache of look-ups."""
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
