"""Applications that Odoo exchanges messages with."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ... import const


class InteropSystem(models.Model):
    """An application of the estate: clinical, administrative, partner or analytics."""

    _name = "interop.system"
    _description = "Integrated System"
    _inherit = [
        "interop.code.mixin",
        "interop.stop.mixin",
        "interop.approval.part.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    kind = fields.Selection(
        const.SYSTEM_KINDS, required=True, default="administrative", tracking=True
    )
    description = fields.Text()
    owner_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.user,
        tracking=True,
        help="The user who is responsible for this system in your organization.",
    )
    contact_id = fields.Many2one(
        "res.partner",
        tracking=True,
        help="The person to call at the vendor or partner.",
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Facilities",
        tracking=True,
        default=lambda self: self.env.company,
        help="Facilities that this system serves. Its interfaces can cover only these.",
    )
    criticality = fields.Selection(
        const.CRITICALITIES, required=True, default="1", tracking=True
    )
    environment = fields.Selection(
        const.ENVIRONMENTS,
        required=True,
        default=lambda self: self._default_environment(),
        tracking=True,
        help="Messages move only if the environment in section [interop] of odoo.conf "
        "is the same. So a test server never reaches a production system.",
    )
    data_residency = fields.Many2one(
        "res.country",
        tracking=True,
        help="Country in which this system stores the data that it receives.",
    )
    facility_code_ids = fields.One2many(
        "interop.system.facility.code", "system_id", "Facility Codes", copy=True
    )
    interface_ids = fields.One2many("interop.interface", "system_id", "Interfaces")
    interface_count = fields.Integer(compute="_compute_interface_count")

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "Another system has this code. Choose another code."
    )

    @api.model
    def _default_environment(self):
        """Return the environment of this server, ``production`` by default."""
        ours = self.env["interop.guard"]._environment()
        return ours if ours in dict(const.ENVIRONMENTS) else "production"

    def _approval_part_fields(self):
        return {"environment", "data_residency"}

    def write(self, vals):
        """Clear the cache of scopes if the environment changes."""
        result = super().write(vals)
        if "environment" in vals:
            self.env.registry.clear_cache()  # interop.client._scope
        return result

    def _audited_fields(self):
        # The owner gets alerts about new keys, so a change of the owner is recorded.
        return super()._audited_fields() | {"owner_id"}

    def _approval_owners(self):
        # sudo: interfaces of all facilities, archived ones included
        return self.sudo().with_context(active_test=False).interface_ids

    @api.constrains("company_ids")
    def _check_facilities(self):
        """Check that no interface covers a facility that the system no longer
        serves."""
        self.sudo().interface_ids._check_facilities()  # sudo: in every facility

    @api.constrains("active")
    def _check_archive(self):
        for system in self:
            if not system.active and system.interface_ids.filtered(
                lambda item: item.state not in ("draft", "retired")
            ):
                raise ValidationError(
                    self.env._(
                        "“%s” has interfaces in use. Retire them, then archive the "
                        "system.",
                        system.name,
                    )
                )

    @api.depends("interface_ids")
    def _compute_interface_count(self):
        groups = self.env["interop.interface"]._read_group(
            [("system_id", "in", self.ids)], ["system_id"], ["__count"]
        )
        counts = {system.id: count for system, count in groups}
        for system in self:
            system.interface_count = counts.get(system.id, 0)

    def _company_for_code(self, code):
        """Return the company that this system calls ``code``, empty if there is
        none."""
        self.ensure_one()
        line = self.facility_code_ids.filtered(lambda item: item.code == code)
        return line.company_id

    def _code_for_company(self, company):
        """Return the code of ``company`` in this system, ``""`` if there is none."""
        self.ensure_one()
        line = self.facility_code_ids.filtered(lambda item: item.company_id == company)
        return line[:1].code or ""

    @api.private
    def _visible_name(self):
        """Return the name of this system (sudo), or a neutral text if it serves none of
        the user's facilities."""
        shared = self.company_ids & self.env.user.sudo().company_ids
        if self.company_ids and not shared:
            return self.env._("A system of another facility")
        return self.name

    def action_view_interfaces(self):
        """Open the interfaces of this system."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_interface_action"
        )
        action["domain"] = [("system_id", "in", self.ids)]
        action["context"] = {"default_system_id": self[:1].id}
        return action

    def action_view_messages(self):
        """Open the message log of this system."""
        return self.env["interop.message"]._action_log([("system_id", "in", self.ids)])


class InteropSystemFacilityCode(models.Model):
    """The code of one facility in one system."""

    _name = "interop.system.facility.code"
    _description = "Facility Code of a System"
    _inherit = ["interop.approval.part.mixin"]
    _order = "system_id, code"

    system_id = fields.Many2one(
        "interop.system", required=True, ondelete="cascade", index=True
    )
    code = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company", "Facility", required=True, ondelete="cascade", index=True
    )

    _code_uniq = models.Constraint(
        "UNIQUE (system_id, code)", "Another facility has this code in the system."
    )
    _company_uniq = models.Constraint(
        "UNIQUE (system_id, company_id)",
        "This facility already has a code in the system.",
    )

    def _approval_part_fields(self):
        return {"system_id", "code", "company_id"}

    def _approval_owners(self):
        """Return only the interfaces that cover the facility."""
        owners = super()._approval_owners()
        for line in self:
            owners |= line.system_id._approval_owners().filtered(
                lambda item, company=line.company_id: company in item.company_ids
            )
        return owners

    def _part_audited(self):
        # sudo: the audit trail records each change of a code
        return self.sudo().system_id

    @api.model_create_multi
    def create(self, vals_list):
        """Record a new code in the audit trail: it decides which facility a message
        belongs to."""
        lines = super().create(vals_list)
        self._forget()
        audit = self.env["interop.audit.event"]
        for line in lines:
            text = f"{line.sudo().company_id.name}: – → {line.code}"
            audit._log("changed", line.system_id, text)
        return lines

    def write(self, vals):
        """Clear the cache of scopes, which contains the codes."""
        result = super().write(vals)
        self._forget()
        return result

    def unlink(self):
        """Record the removal in the audit trail, and alert the owner of the system."""
        gone = [
            (line.system_id, f"{line.sudo().company_id.name}: {line.code} → –")
            for line in self
        ]
        result = super().unlink()
        self._forget()
        for system, text in gone:
            if system.exists():
                self.env["interop.audit.event"]._log("changed", system, text)
        return result

    @api.model
    def _forget(self):
        """Forget which facilities the codes mean, now and once more after the commit.

        In between, another thread of this process may have read the old codes.
        """
        self.env.registry.clear_cache()  # interop.client._scope
        self.env.cr.postcommit.add(self.env.registry.clear_cache)
