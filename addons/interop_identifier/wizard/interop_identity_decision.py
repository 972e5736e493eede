"""Ask for the details of a decision about identities, then make it."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import const
from ..models.case_decision import CaseDecision
from ..models.undo_preview import UndoPreview

SIDES = [("left", "First record"), ("right", "Second record")]


class InteropIdentityDecision(models.TransientModel):
    """The dialog for all decisions of the steward's queue."""

    _name = "interop.identity.decision"
    _description = "Identity Decision"

    case_id = fields.Many2one(
        "interop.identity.case", required=True, readonly=True, ondelete="cascade"
    )
    decision = fields.Selection(const.CASE_DECISIONS, required=True, readonly=True)
    merging = fields.Boolean(compute="_compute_linking")
    parting = fields.Boolean(compute="_compute_linking")
    effects = fields.Html(
        compute="_compute_effects",
        sanitize=False,
        help="Field by field: values that undoing the earlier merge puts back, "
        "and values that stay.",
    )
    linking = fields.Boolean(compute="_compute_linking")
    left_name = fields.Char(related="case_id.left_name")
    right_name = fields.Char(related="case_id.right_name")
    subject = fields.Char(related="case_id.about")
    waiting_count = fields.Integer(related="case_id.waiting_count")
    survivor = fields.Selection(
        SIDES,
        "Surviving Record",
        default="left",
        help="The identifiers of both records find this record from now on. The "
        "other record does not change until a user merges the two with "
        "Odoo's own tools.",
    )
    about = fields.Selection(
        [
            ("left", "Are about the first record"),
            ("right", "Are about the second record"),
            ("none", "Are wrong and fail"),
        ],
        "Messages That Name Both",
        help="Also applies to later messages. The question is not asked again.",
    )
    record_ref = fields.Reference(
        selection="_selection_record_ref",
        string="Record",
        help="The record that the identifier belongs to.",
    )
    namespace_id = fields.Many2one(
        "interop.namespace",
        help="The assigning authority that the sender means by this name.",
    )
    new_namespace = fields.Boolean("Create New Namespace")
    name = fields.Char()
    code = fields.Char(
        help="Permanent technical name: lower case letters, digits, '.', '_' and '-'."
    )
    uri = fields.Char(
        "URI or OID",
        help="Globally unique name, such as urn:oid:2.16.840.1.113883.4.6.",
    )
    type_code = fields.Selection(const.IDENTIFIER_TYPES, "Type", default="U")
    of_facility = fields.Boolean(
        "This Facility Only",
        default=True,
        help="Clear it for numbers that are valid at all facilities, such as "
        "national numbers.",
    )
    of_sender = fields.Boolean(
        "Only the Sender Assigns",
        help="No other system may then add or change identifiers of this namespace.",
    )
    person_adjacent = fields.Boolean(
        "Identifies a Person",
        default=True,
        help="Values are masked wherever only the name of an identifier is shown.",
    )
    reason = fields.Char(
        help="Kept with the case and in the audit trail. Do not name a patient here."
    )

    @api.model
    def _selection_record_ref(self):
        return self.env["interop.identifier"]._selection_record_ref()

    @api.depends("case_id", "decision")
    def _compute_linking(self):
        for wizard in self:
            case = wizard.case_id
            wizard.linking = wizard.decision == "same" and not case.left_id
            one = bool(case) and CaseDecision(case).is_one_already()
            wizard.merging = case.can_merge and not one
            wizard.parting = wizard.decision == "different" and one

    @api.depends("case_id", "parting")
    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_effects(self):
        for wizard in self:
            merge_sudo = wizard.parting and CaseDecision(wizard.case_id).joining_merge()
            wizard.effects = (
                merge_sudo and UndoPreview(merge_sudo.with_env(self.env)).render()
            )

    @api.model
    def default_get(self, fields_list):
        """Fill in a new namespace with the sender's name."""
        values = super().default_get(fields_list)
        case = self.env["interop.identity.case"].browse(values.get("case_id"))
        if values.get("decision") == "namespace" and ":" in (case.subject or ""):
            values["uri"] = case.subject
        return values

    def action_decide(self):
        """Make the decision (button)."""
        self.ensure_one()
        getattr(self, f"_decide_{self.decision}")()
        return {"type": "ir.actions.act_window_close"}

    def _decide_same(self):
        case = self.case_id
        decision = CaseDecision(case)
        if case.left_id and case.right_id:
            decision.merge(self.survivor, self.reason)
        elif case.left_id:
            decision.add_number(self.reason)
        elif self.record_ref:
            decision.link(self.record_ref, self.reason)
        else:
            raise UserError(
                self.env._(
                    "No record is chosen. Choose the record that "
                    "the identifier belongs to."
                )
            )

    def _decide_different(self):
        if not self.about:
            raise UserError(
                self.env._("Choose how messages that name both records are handled.")
            )
        side = self.about if self.about != "none" else ""
        CaseDecision(self.case_id).tell_apart(side, self.reason)

    def _decide_create(self):
        CaseDecision(self.case_id).create_new(self.reason)

    def _decide_rejected(self):
        CaseDecision(self.case_id).reject(self.reason)

    def _decide_retried(self):
        CaseDecision(self.case_id).retry(self.reason)

    def _decide_namespace(self):
        namespace = self.namespace_id
        if self.new_namespace:
            namespace = self._create_namespace()
        if not namespace:
            raise UserError(
                self.env._(
                    "No namespace is chosen. Choose one, or choose Create "
                    "New Namespace."
                )
            )
        CaseDecision(self.case_id).assign_namespace(namespace, self.reason)

    def _create_namespace(self):
        """Create the missing namespace."""
        CaseDecision(self.case_id).check("namespace")
        missing = [
            self._fields[name]._description_string(self.env)
            for name in ("name", "code", "uri", "type_code")
            if not self[name]
        ]
        if missing:
            raise UserError(
                self.env._(
                    "The new namespace is incomplete. Enter: %s.", ", ".join(missing)
                )
            )
        # sudo: stewards may add a missing authority without the right to edit others
        namespaces_sudo = self.env["interop.namespace"].sudo()
        case = self.case_id
        return namespaces_sudo.create(
            {
                "name": self.name,
                "code": self.code,
                "uri": self.uri,
                "type_code": self.type_code,
                "company_id": self.of_facility and case.company_id.id,
                "system_id": self.of_sender and case.system_id.id,
                "person_adjacent": self.person_adjacent,
            }
        ).sudo(False)
