"""Mixin for models whose records have identifiers."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .identity_resolver import ids_by_value

READERS = (
    "interop_base.interop_base_group_user,interop_base.interop_base_group_steward,"
    "interop_base.interop_base_group_auditor"
)


class InteropIdentifiedMixin(models.AbstractModel):
    """Shows and searches the identifiers of a model.

    Its addon also lists the model in ``interop.identifier._declared_models``.
    """

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
        """Search by identifier first; by name only if no identifier matches."""
        found = self._interop_search_identifier(operator, value)
        if found is not None:
            return found
        return super()._search_display_name(operator, value)

    @api.model
    def _interop_search_identifier(self, operator, value):
        """Return the domain of the records with exactly this identifier.

        None means that the user sees no such identifier.
        """
        if operator == "in" and len(value) == 1:  # form in which the ORM passes "="
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
                    "“%s” cannot be deleted: other systems refer to it by its "
                    "identifiers, and their history is kept. Archive it, or merge "
                    "it with the record that stays.",
                    self.browse(known.res_id).display_name,
                )
            )
