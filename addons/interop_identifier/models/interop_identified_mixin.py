"""What records with identifiers have in common."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .identity_resolver import ids_by_value

READERS = (
    "interop_base.interop_base_group_user,interop_base.interop_base_group_steward,"
    "interop_base.interop_base_group_auditor"
)


class InteropIdentifiedMixin(models.AbstractModel):
    """Shows and searches the identifiers of a model; its addon also names it in
    ``interop.identifier._declared_models``."""

    _name = "interop.identified.mixin"
    _description = "Identified Record"

    interop_identifier_ids = fields.One2many(
        "interop.identifier",
        "res_id",
        "Identifiers",
        domain=lambda self: [("res_model", "=", self._name)],
        groups=READERS,
    )

    @api.model
    def _search_display_name(self, operator, value):
        """Find by an identifier first; by name only when no identifier fits."""
        found = self._interop_search_identifier(operator, value)
        if found is not None:
            return found
        return super()._search_display_name(operator, value)

    @api.model
    def _interop_search_identifier(self, operator, value):
        """Return the domain of the records that have exactly this identifier, None when
        there is none that the user may see."""
        if operator == "in" and len(value) == 1:  # how the ORM writes "="
            operator, value = "=", next(iter(value))
        if operator not in ("=", "ilike", "like", "=ilike", "=like"):
            return None
        ids = ids_by_value(self.env["interop.identifier"], self._name, value)
        return Domain("id", "in", ids) if ids else None

    @api.ondelete(at_uninstall=False)
    def _unlink_except_identified(self):
        # sudo: identifiers of other facilities count as well
        identifiers_sudo = self.env["interop.identifier"].sudo()
        known = identifiers_sudo.search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)], limit=1
        )
        if known:
            raise UserError(
                self.env._(
                    "“%s” cannot be deleted: other systems know it by its identifiers, "
                    "whose history is kept. Archive it, or merge it with the record "
                    "that stays.",
                    self.browse(known.res_id).display_name,
                )
            )
