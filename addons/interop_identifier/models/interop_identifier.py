"""One external identifier of one record."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from odoo.addons.interop_base.tools import text

from .. import const

# What an identifier is and whose it is: given once. Another number is another row.
GIVEN_ONCE = {
    *("namespace_id", "value"),
    *("res_model", "res_id", "partner_id", "record_ref"),
}
# Worked out from those, from the namespace or by the database.
WORKED_OUT = {"value_normalized", "check_failed", "company_id", "single", "once"}
# What a person may correct, with a line in the audit trail.
CORRECTED = {"use", "period_start", "period_end"}


class InteropIdentifier(models.Model):
    """What an assigning authority calls one of our records.

    Identifiers are retired, never deleted: a late message, a merge and an audit all
    need the history. Uniqueness is the database's work (two partial unique indexes).
    """

    _name = "interop.identifier"
    _description = "External Identifier"
    _inherit = ["interop.state.mixin"]
    _order = "namespace_id, value_normalized, id"
    _rec_names_search = ["value", "value_normalized"]

    namespace_id = fields.Many2one(
        "interop.namespace", required=True, ondelete="restrict", index=True
    )
    value = fields.Char(
        required=True,
        size=const.MAX_VALUE_LENGTH,
        help="As it was received, without blanks around it.",
    )
    value_normalized = fields.Char(
        "Normalized",
        compute="_compute_value_normalized",
        store=True,
        precompute=True,
        required=True,
        help="The spelling that look-ups compare.",
    )
    check_failed = fields.Boolean(
        compute="_compute_value_normalized",
        store=True,
        precompute=True,
        help="The value does not pass the check of its namespace.",
    )
    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Document ID", model_field="res_model", required=True, readonly=True
    )
    record_ref = fields.Reference(
        selection="_selection_record_ref",
        string="Record",
        compute="_compute_record_ref",
        readonly=False,  # given once, when a person creates the identifier
        help="What this identifier identifies.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    state = fields.Selection(
        const.IDENTIFIER_STATES,
        required=True,
        default="active",
        readonly=True,
        index=True,
    )
    use = fields.Selection(const.IDENTIFIER_USES, help="FHIR identifier use.")
    period_start = fields.Datetime("Valid From")
    period_end = fields.Datetime(
        "Valid To", help="A message about an earlier moment still finds a retired one."
    )
    message_id = fields.Many2one(
        "interop.message",
        "Learned From",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The message that brought this identifier.",
    )
    company_id = fields.Many2one(
        related="namespace_id.company_id",
        store=True,
        precompute=True,
        index=True,
        string="Facility",
    )
    single = fields.Boolean(
        related="namespace_id.one_active_per_record",
        store=True,
        precompute=True,
        string="One per Record",
    )

    _active_value_uniq = models.UniqueIndex(
        "(namespace_id, value_normalized) WHERE state IN ('active', 'merged')",
        "This identifier is active for another record already, or an alias of one.",
    )
    _active_record_uniq = models.UniqueIndex(
        "(namespace_id, res_model, res_id) WHERE state = 'active' AND single",
        "This record has an active identifier of that namespace already. Retire it "
        "first.",
    )
    _record_idx = models.Index("(res_model, res_id)")
    _lookup_idx = models.Index("(namespace_id, value_normalized)")
    _partner_is_record = models.Constraint(
        "CHECK (res_model <> 'res.partner' OR partner_id = res_id)",
        "An identifier of a partner points at that partner.",
    )
    _period_order = models.Constraint(
        "CHECK (period_end IS NULL OR period_start IS NULL OR period_end >= "
        "period_start)",
        "An identifier cannot end before it starts.",
    )

    @api.model
    def _selection_record_ref(self):
        # sudo: names of models only
        models_sudo = self.env["ir.model"].sudo()
        return [(name, models_sudo._get(name).name) for name in self._record_models()]

    @api.model
    def _record_models(self):
        """Return the names of the models whose records may carry identifiers."""
        return list(self.env["interop.identifier.model"]._names())

    @api.model
    def _declared_models(self):
        """Return the names of the models that addons want on the list; addons add."""
        usual = [name for name in const.USUAL_KINDS if name in self.env]
        return ["res.partner", "res.company", *usual]

    @api.depends("value", "namespace_id")
    def _compute_value_normalized(self):
        for identifier in self:
            namespace = identifier.namespace_id
            if not namespace:  # a new form
                identifier.value_normalized = identifier.check_failed = False
                continue
            value = self._clean_value(identifier.value or "") or ""
            identifier.value_normalized = namespace._normalize(value)
            identifier.check_failed = bool(
                identifier.value_normalized
            ) and not namespace._passes(value)

    @api.depends("res_model", "res_id")
    def _compute_record_ref(self):
        for identifier in self:
            model = identifier.res_model
            known = model in self.env and identifier.res_id
            identifier.record_ref = f"{model},{identifier.res_id}" if known else False

    @api.depends("namespace_id", "value")
    def _compute_display_name(self):
        for identifier in self:
            value = identifier.value or ""
            if identifier.namespace_id.person_adjacent:
                value = f"••••{value[-2:]}" if len(value) > 4 else "••••"
            identifier.display_name = (
                f"{identifier.namespace_id.name or ''} {value}".strip()
            )

    @api.constrains("value", "namespace_id")
    def _check_value(self):
        for identifier in self:
            if not identifier.value_normalized:
                raise ValidationError(self.env._("An identifier needs a value."))
            identifier._check_no_placeholder()
            if (
                identifier.check_failed
                and identifier.namespace_id.validation == "block"
            ):
                raise ValidationError(
                    self.env._(
                        "The value does not pass the check of “%s”.",
                        identifier.namespace_id.name,
                    )
                )

    def _check_no_placeholder(self):
        """Refuse a text that stands where a number is missing."""
        self.ensure_one()
        if self.namespace_id._is_placeholder(self.value):
            raise ValidationError(
                self.env._(
                    "The value is a placeholder, not a number of “%s”. Leave the "
                    "identifier out until the number is known. If this authority "
                    "hands the value out, an administrator can change the placeholders "
                    "of the namespace.",
                    self.namespace_id.name,
                )
            )

    @api.model
    def _clean_value(self, value):
        """Return ``value`` (text) as it is kept: in NFC, without blanks and invisible
        characters around it; ``""`` when nothing is left.

        Returns ``None`` for a value that cannot be kept or sent: one with a line end,
        tab or control character inside.
        """
        inner = value.strip()
        if text.has_break(inner) or text.has_control(inner):
            return None
        return text.clean(inner)

    @api.model
    def _checked_value(self, value):
        """Return a value that somebody enters as it is kept, or say what is wrong."""
        if value is None or value is False:
            return value  # the field is required
        cleaned = self._clean_value(str(value))
        if cleaned is None:
            raise ValidationError(
                self.env._(
                    "An identifier is one line of text. Remove line ends, tabs and "
                    "control characters from the value."
                )
            )
        if len(cleaned) > const.MAX_VALUE_LENGTH:
            raise ValidationError(
                self.env._(
                    "An identifier has at most %(limit)s characters, this value has "
                    "%(length)s.",
                    limit=const.MAX_VALUE_LENGTH,
                    length=len(cleaned),
                )
            )
        return cleaned

    @api.model_create_multi
    def create(self, vals_list):
        """Create identifiers, reference and partner column in step."""
        # A value that was retired a moment ago is free again, but only once that is
        # written.
        self.flush_model(["state", "period_end"])
        vals_list = [self._prepare_record_vals(vals) for vals in vals_list]
        for vals in vals_list:
            for name in WORKED_OUT & vals.keys():
                raise AccessError(self._guarded_message(name))
            # Odoo cuts a default that is too long, so it is read where it stands.
            if "value" not in vals and "default_value" in self.env.context:
                vals["value"] = self.env.context["default_value"]
            elif "value" not in vals:
                vals |= self.default_get(["value"])
            if "value" in vals:
                vals["value"] = self._checked_value(vals["value"])
        self._check_kinds({vals.get("res_model") for vals in vals_list})
        # Callers can forge the defaults of a context.
        forged = {f"default_{name}" for name in WORKED_OUT}
        kept = {k: v for k, v in self.env.context.items() if k not in forged}
        creator = self.with_context(kept)  # pylint: disable=context-overridden
        return super(InteropIdentifier, creator).create(vals_list)

    def write(self, vals):
        """Refuse to make another identifier of one: messages and merges went by it.

        The buttons retire it or withdraw it; then the right one is a new identifier.
        Values that are the present ones already, as an import repeats them, are no
        change.
        """
        for name in (GIVEN_ONCE | WORKED_OUT) & vals.keys():
            if any(not row._is_present(name, vals[name]) for row in self):
                raise AccessError(self._given_once_message(name))
        vals = {
            name: value
            for name, value in vals.items()
            if name not in GIVEN_ONCE | WORKED_OUT
        }
        if not vals:
            return True
        corrected = CORRECTED & vals.keys()
        result = super().write(vals)
        if corrected:
            labels = [self._fields[name].string for name in sorted(corrected)]
            self.env["interop.audit.event"]._log("changed", self, ", ".join(labels))
        return result

    def _is_present(self, name, value):
        """Say whether ``value``, as ``write`` gets it, is what this row has already."""
        if name == "value" and value:
            value = self._clean_value(str(value))
        present = self._fields[name].convert_to_write(self[name], self)
        return (value or False) == (present or False)

    def _given_once_message(self, name):
        return self.env._(
            "“%(field)s” of an identifier never changes. Retire the identifier, or mark "
            "it as entered in error, and add the right one.",
            field=self._fields[name].string,
        )

    def _set_record(self, model, res_id):
        """Hand these identifiers over to another record. Only a merge calls this, and
        a record that leaves its numbers to what it was part of.

        :param str model: name of the model
        :param int res_id: id of the record
        """
        vals = self._prepare_record_vals({"res_model": model, "res_id": res_id})
        return self._transition(vals)

    @api.model
    def _check_kinds(self, names):
        """Refuse kinds of records that are not on the list (the database would)."""
        for name in sorted(names - {None, False, *self._record_models()}):
            raise ValidationError(
                self.env._(
                    "Records of “%s” do not carry identifiers. An administrator can "
                    "add this kind under Identity › Kinds of Records.",
                    self.env["ir.model"].sudo()._get(name).name or name,
                )
            )

    @api.model
    def _prepare_record_vals(self, vals):
        """Return ``vals`` with the generic reference and the partner column in step.

        A form gives ``record_ref`` or ``partner_id``; code gives ``res_model`` and
        ``res_id``.
        """
        vals = dict(vals)
        reference = vals.pop("record_ref", None)
        if reference:
            vals["res_model"], vals["res_id"] = reference.split(",")
            vals["res_id"] = int(vals["res_id"])
        elif vals.get("partner_id"):
            vals["res_model"], vals["res_id"] = "res.partner", vals["partner_id"]
        if vals.get("res_model"):
            of_partner = vals["res_model"] == "res.partner"
            vals["partner_id"] = vals.get("res_id") if of_partner else False
        return vals

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise ValidationError(
            self.env._(
                "Identifiers are kept for their history. Retire this one instead."
            )
        )
