"""Default assigning authority of a system, for identifiers without one."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

DEFAULT_AUTHORITIES = "default_authorities"  # key of an approved state


class InteropSystem(models.Model):
    """Adds the default assigning authority, because clinical systems often send no
    authority."""

    _inherit = "interop.system"

    identifier_namespace_id = fields.Many2one(
        "interop.namespace",
        "Default Assigning Authority",
        company_dependent=True,
        tracking=True,
        help="Namespace of identifiers that this system sends without an "
        "assigning authority. It applies to your current facility and its "
        "branches. Leave empty to ask a steward.",
    )

    @api.constrains("identifier_namespace_id")
    def _check_identifier_namespace(self):
        """Refuse a namespace of another facility, because every message would be
        refused."""
        facilities = self.env.company.sudo().parent_ids  # sudo: reads the hierarchy
        for system in self:
            facility = system.identifier_namespace_id.sudo().company_id  # sudo: same
            if facility and facility not in facilities:
                raise ValidationError(
                    self.env._(
                        "“%(namespace)s” belongs to %(facility)s. For “%(system)s” "
                        "choose a default namespace of %(here)s or one for all "
                        "facilities.",
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
        """Withdraw the approval of affected interfaces.

        The default decides which record a message belongs to. So the interfaces that
        cover the facility need a new approval.
        """
        if "identifier_namespace_id" not in vals:
            return super().write(vals)
        interfaces = self._authority_interfaces()
        result = super().write(vals)
        interfaces._approval_touched()
        return result

    def _authority_interfaces(self):
        """Return the inbound interfaces to which the default of this facility applies."""
        facility = self.env.company
        return self._approval_owners().filtered(
            lambda item: (
                item.direction == "in" and facility in item.company_ids.parent_ids
            )
        )

    def _approval_authorities(self, companies):
        """Return the defaults that apply to ``companies`` as texts, including those of
        parent facilities."""
        self.ensure_one()
        texts = []
        for facility in companies.parent_ids:
            namespace = self.with_company(facility).identifier_namespace_id
            if namespace:
                texts.append(f"company:{facility.id} = {namespace.code}")
        return texts

    def _set_default_authority(self, namespace):
        """Store the steward's answer about numbers without authority at this facility,
        or remove it.

        Answering a waiting message must not require suspending the interface. So a
        first answer, and taking that answer back, keep the approval. Any other change
        needs a new approval.
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
