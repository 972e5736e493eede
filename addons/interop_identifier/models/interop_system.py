"""Whose numbers a sender means that names no assigning authority."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

DEFAULT_AUTHORITIES = "default_authorities"  # key of an approved state


class InteropSystem(models.Model):
    """Much of what clinical systems send names none."""

    _inherit = "interop.system"

    identifier_namespace_id = fields.Many2one(
        "interop.namespace",
        "Default Assigning Authority",
        company_dependent=True,
        tracking=True,
        help="Whose numbers identifiers of this system are that name no assigning "
        "authority, at the facility you work in now and its branches. Empty: a "
        "steward is asked.",
    )

    @api.constrains("identifier_namespace_id")
    def _check_identifier_namespace(self):
        """Numbers of another facility are refused with every message: better now."""
        facilities = self.env.company.sudo().parent_ids  # sudo: their tree
        for system in self:
            facility = system.identifier_namespace_id.sudo().company_id  # sudo: same
            if facility and facility not in facilities:
                raise ValidationError(
                    self.env._(
                        "“%(namespace)s” has the numbers of %(facility)s. Choose one of "
                        "%(here)s, or of no facility, as the default of “%(system)s” "
                        "here.",
                        namespace=system.identifier_namespace_id.name,
                        facility=facility.name,
                        here=self.env.company.name,
                        system=system.name,
                    )
                )

    # === APPROVAL === #

    def _audited_fields(self):
        return super()._audited_fields() | {"identifier_namespace_id"}

    def _part_text(self, name):
        text = super()._part_text(name)
        if name == "identifier_namespace_id" and text:
            return f"{text} ({self.env.company.sudo().name})"  # sudo: its name
        return text

    def write(self, vals):
        """Whose numbers are meant decides to whom a message belongs: the interfaces that
        cover the facility need a new approval."""
        if "identifier_namespace_id" not in vals:
            return super().write(vals)
        interfaces = self._authority_interfaces()
        result = super().write(vals)
        interfaces._approval_touched()
        return result

    def _authority_interfaces(self):
        """Return the inbound interfaces that the default of this facility holds for."""
        facility = self.env.company
        return self._approval_owners().filtered(
            lambda item: (
                item.direction == "in" and facility in item.company_ids.parent_ids
            )
        )

    def _approval_authorities(self, companies):
        """Return the defaults that hold for ``companies`` as texts, those of the
        facilities above them included."""
        self.ensure_one()
        texts = []
        for facility in companies.parent_ids:
            namespace = self.with_company(facility).identifier_namespace_id
            if namespace:
                texts.append(f"company:{facility.id} = {namespace.code}")
        return texts

    def _set_default_authority(self, namespace):
        """Keep what a steward said about nameless numbers at this facility, or nothing.

        A message that waits for the answer must not need the interface to stop, too: an
        answer where nothing was approved, and taking back what was, count as approved.
        Any other one needs a new approval.
        """
        self.ensure_one()
        facility, before = self.env.company, self.identifier_namespace_id
        prefix = f"company:{facility.id} = "
        present = [f"{prefix}{before.code}"] if before else []
        after = [f"{prefix}{namespace.code}"] if namespace else []
        interfaces = self._authority_interfaces()
        approved_here = interfaces.browse()
        for interface in interfaces if not (before and namespace) else ():
            approved = (interface.approved_state or {}).get(DEFAULT_AUTHORITIES, [])
            here = [text for text in approved if text.startswith(prefix)]
            if here == present and interface.approved_fingerprint:
                approved_here |= interface
                others = [text for text in approved if text not in here]
                interface._replace_approved(DEFAULT_AUTHORITIES, [*others, *after])
        result = super().write({"identifier_namespace_id": namespace.id})
        (interfaces - approved_here)._approval_touched()
        approved_here.filtered(lambda item: item.state == "draft")._note_editor()
        approved_here._recheck_approval()
        return result
