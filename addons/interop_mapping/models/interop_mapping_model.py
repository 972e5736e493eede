"""The approved list of objects that inbound mappings may look up, change or create.

An approval creates a group with exactly these rights. The service users of the clients
that need it become members (``interop_base``). So Odoo's own access rights apply
without superuser mode, and the screens of Odoo show the rights.
"""

import ast

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from odoo.addons.interop_base.models import resources

from ..tools import inbound_models

USAGES = [
    ("read", "Look Up Only"),
    ("write", "Look Up and Update"),
    ("create", "Look Up, Update and Create"),
]
STATES = [("draft", "Draft"), ("approved", "Approved")]
APPROVED_FIELDS = {"model_id", "usage", "record_domain"}
# A new address of a user's contact would give access to that user's password.
PROTECTED_RECORDS = {"res.partner": [("user_ids", "=", False)]}
# Public lists to which messages refer by a code: external identifier, object, purpose.
PUBLIC_LISTS = [
    (
        "interop_mapping_model_country",
        "res.country",
        "Countries by their ISO 3166 code",
    ),
    (
        "interop_mapping_model_country_state",
        "res.country.state",
        "States and provinces by their code",
    ),
    (
        "interop_mapping_model_currency",
        "res.currency",
        "Currencies by their ISO 4217 code",
    ),
]


class InteropMappingModel(models.Model):
    """One object that inbound mappings may use."""

    _name = "interop.mapping.model"
    _description = "Object for Inbound Mappings"
    _inherit = ["interop.approval.mixin"]
    _order = "model_id"
    _rec_name = "model_id"

    _installed_is_approved = True

    model_id = fields.Many2one(
        "ir.model",
        "Object",
        required=True,
        ondelete="cascade",
        tracking=True,
        domain=[("transient", "=", False), ("abstract", "=", False)],
        help="The object whose records messages may use.",
    )
    # For searches and views only. Decisions use _object().
    model = fields.Char(related="model_id.model", store=True, index=True)
    usage = fields.Selection(
        USAGES,
        "Messages May",
        required=True,
        default="read",
        tracking=True,
        help="Look up: find records to which other records refer, such as a country by "
        "its code. Messages never delete records.",
    )
    record_domain = fields.Char(
        "Only Records",
        tracking=True,
        help="Messages change and create only matching records, such as "
        "[('is_company', '=', True)]. Leave empty for all records of the sender's "
        "facilities.",
    )
    purpose = fields.Char(tracking=True, help="Why messages need this object.")
    state = fields.Selection(
        STATES,
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    proposed_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        help="The user who proposed or last changed this object. Another user has to "
        "approve it.",
    )
    group_id = fields.Many2one(
        "res.groups",
        "Rights",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The group with these rights. The service user of a client becomes a "
        "member if an interface of the client needs it.",
    )

    _model_uniq = models.Constraint(
        "UNIQUE (model_id)", "This object is already on the list."
    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"proposed_by_id", "group_id"}

    @api.depends("model_id")
    def _compute_display_name(self):
        for item in self:
            item.display_name = item.model_id.sudo().name  # sudo: name of the object

    # === CHECKS === #

    @api.constrains("model_id")
    def _check_model(self):
        for item in self:
            name = item._object()
            if not resources.keeps_records(self.env, name) or inbound_models.is_closed(
                name
            ):
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be on the list: it controls access rights or "
                        "server behavior, or stores no records.",
                        item.display_name,
                    )
                )

    @api.constrains("record_domain", "model_id")
    def _check_record_domain(self):
        for item in self.filtered("record_domain"):
            try:
                Domain(item._own_domain()).validate(self.env[item._object()])
            except Exception:  # noqa: BLE001 (any error of the text)
                raise ValidationError(
                    self.env._(
                        "“%s”: the filter for its records is not valid. Use fields of "
                        "this object and plain values.",
                        item.display_name,
                    )
                ) from None

    @api.model_create_multi
    def create(self, vals_list):
        """Record the user who proposes the object."""
        for vals in vals_list:
            self._refuse_name(vals)
        items = super().create(vals_list)
        items._transition({"proposed_by_id": self.env.uid})
        return items

    def write(self, vals):
        """Refuse to change approved objects."""
        self._refuse_name(vals)
        if APPROVED_FIELDS & vals.keys():
            for item in self:
                if item.state != "draft":
                    raise UserError(
                        self.env._(
                            "“%s” is approved. Withdraw it, change it, and request "
                            "approval again.",
                            item.display_name,
                        )
                    )
            self._transition({"proposed_by_id": self.env.uid})
            self._note_editor()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        for item in self:
            if item.state != "draft":
                raise UserError(
                    self.env._(
                        "“%s” is approved. Withdraw it before you delete it.",
                        item.display_name,
                    )
                )

    @api.model
    def default_get(self, fields):
        """Ignore a default for the technical name: RPC callers can forge one."""
        return super().default_get([name for name in fields if name != "model"])

    @api.model
    def _refuse_name(self, vals):
        """Refuse to write the technical name, which is that of the object."""
        if "model" in vals:
            raise AccessError(
                self.env._(
                    "The technical name cannot be written, because it follows the "
                    "object. Choose the object instead."
                )
            )

    # === INSTALLATION === #

    @api.model
    def _install_public_lists(self):
        """List the public lists and approve them, on a new installation only.

        An installation that takes the list over from an older version does not change
        it.
        """
        if self.search_count([], limit=1):
            return
        entries = self.create(
            [
                {"model_id": self.env["ir.model"]._get_id(model), "purpose": purpose}
                for _name, model, purpose in PUBLIC_LISTS
            ]
        )
        self.env["ir.model.data"]._update_xmlids(
            [
                {"xml_id": f"interop_mapping.{name}", "record": entry, "noupdate": True}
                for (name, _model, _purpose), entry in zip(
                    PUBLIC_LISTS, entries, strict=True
                )
            ]
        )
        entries._set_approved()

    # === BUSINESS METHODS === #

    def _object(self):
        """Return the technical name of the object that gets the rights."""
        self.ensure_one()
        return self.model_id.sudo().model  # sudo: technical name of the object

    def _own_domain(self):
        """Return the filter as a list, without evaluation of names."""
        self.ensure_one()
        return list(ast.literal_eval(self.record_domain or "[]"))

    @api.model
    def _allowed(self, model, usage="read"):
        """Return the approved entry for this ``usage`` of ``model``, empty if none."""
        order = [key for key, _label in USAGES]
        # sudo: the list does not depend on the reader
        found_sudo = self.sudo().search(
            [
                ("model_id.model", "=", model),
                ("state", "=", "approved"),
                ("usage", "in", order[order.index(usage) :]),
            ]
        )
        return found_sudo.filtered(lambda item: not inbound_models.is_closed(model))

    # === TRANSITIONS === #

    def _approval_state(self):
        return {
            **super()._approval_state(),
            "object": self._object(),
            "usage": self.usage,
            "record_domain": self.record_domain,
        }

    def _set_approved(self, fingerprint=None):
        """Approve and grant the rights; users cannot approve their own proposal or
        change.

        :param str fingerprint: the state that the approver has seen
        """
        moved = self.filtered(lambda entry: entry.state == "draft")
        moved._check_may_approve(fingerprint)
        moved._approve_many({"state": "approved"})
        for item in moved:
            item._transition({"group_id": item._grant().id})
        if moved:
            # Service users get the rights immediately. sudo: clients of all facilities
            clients_sudo = self.env["interop.client"].sudo()
            clients_sudo.search([("user_id", "!=", False)])._sync_service_user()
        return moved

    def _set_draft(self):
        """Withdraw the approval; the rights end immediately."""
        moved = self._set_state(
            "draft",
            ("approved",),
            approved_by_id=False,
            approved_at=False,
            requested_by_id=False,
        )
        moved._note_editor()
        for item in moved:
            group_sudo = item.sudo().group_id  # sudo: see _grant
            item._transition({"group_id": False})
            group_sudo.rule_groups.unlink()
            group_sudo.model_access.unlink()
            group_sudo.unlink()
        if moved:
            self.env["interop.audit.event"]._log("transition", moved, "draft")
        return moved

    def _grant(self):
        """Create the group with the approved rights, and return it."""
        self.ensure_one()
        usages = dict(self._fields["usage"]._description_selection(self.env))
        writes = self.usage in ("write", "create")
        # sudo: stewards approve rights without being administrators of users
        group_sudo = (
            self.env["res.groups"]
            .sudo()
            .create(
                {
                    "name": self.env._(
                        "Integration messages: %(object)s (%(usage)s)",
                        object=self.display_name,
                        usage=usages[self.usage],
                    ),
                    "comment": self.env._(
                        "Created by the list of objects for inbound mappings. Do not "
                        "add users to it."
                    ),
                }
            )
        )
        group_sudo.env["ir.model.access"].create(
            {
                "name": f"interop.mapping.model {self._object()}",
                "model_id": self.model_id.id,
                "group_id": group_sudo.id,
                "perm_read": True,
                "perm_write": writes,
                "perm_create": self.usage == "create",
                "perm_unlink": False,
            }
        )
        if writes:
            group_sudo.env["ir.rule"].create(self._rule_values(group_sudo))
        return group_sudo

    def _rule_values(self, group):
        """Return the values of the record rule that limits messages to the records."""
        limits = Domain(PROTECTED_RECORDS.get(self._object(), []))
        return {
            "name": self.env._("Integration messages: %s", self.display_name),
            "model_id": self.model_id.id,
            "groups": [(4, group.id)],
            "domain_force": repr(list(limits & Domain(self._own_domain()))),
            "perm_read": False,
            "perm_unlink": False,
        }

    # === ACTIONS === #

    def action_draft(self):
        """Withdraw the approval (administrators and stewards)."""
        guard = self.env["interop.guard"]
        if not self.env.user.has_group("interop_base.interop_base_group_steward"):
            guard._require_group("interop_base_group_admin")
        self.check_access("read")
        self.sudo()._set_draft()  # sudo: see action_approve
