"""One external identifier of one record."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import field_report, statement
from odoo.addons.interop_mapping.tools import inbound_models

from .. import const
from ..tools import question
from .identifier_links import IdentifierLinks
from .identifier_wire import IdentifierWire, was_good
from .identity_resolver import (
    IdentityResolver,
    checked_value,
    clean_value,
    rows_of,
    valid_at,
)

# The number and its record are set once. Another number is another row.
GIVEN_ONCE = {
    *("namespace_id", "value"),
    *("res_model", "res_id", "partner_id", "record_ref"),
}
# Computed from those fields, from the namespace or by the database.
COMPUTED = {"value_normalized", "check_failed", "company_id", "single", "once"}
# Fields that a user may correct, with a line in the audit trail.
CORRECTED = {"use", "period_start", "period_end"}
# Only transitions write these, as they write the state.
HISTORY = {"state_at", "state_by_id", "state_reason", "state_message_id"}
ORIGIN = {"message_id", "stated_at", "stated"}


class InteropIdentifier(models.Model):
    """The number that an assigning authority gave to one record.

    Identifiers are retired, never deleted: late messages, merges and audits need the
    history. Every change of state is in the audit trail; changes by merges are in the
    journal of merges. Partial unique indexes keep active identifiers unique.

    Handlers of inbound messages call :meth:`_resolve` and :meth:`_link`, those of
    outbound messages :meth:`_wire_many`.
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
        help="The value as received, without surrounding blanks.",
    )
    value_normalized = fields.Char(
        "Normalized",
        compute="_compute_value_normalized",
        store=True,
        precompute=True,
        required=True,
        help="The form of the value that look-ups compare. It follows from the "
        "spelling rules of the namespace.",
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
        readonly=False,  # set once, when a user creates the identifier
        help="The record that this identifier belongs to.",
    )
    partner_id = fields.Many2one(
        "res.partner", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    state = fields.Selection(
        const.IDENTIFIER_STATES,
        required=True,
        default="active",
        readonly=True,
        index=True,
    )
    state_at = fields.Datetime("Changed On", readonly=True, copy=False)
    state_by_id = fields.Many2one(
        "res.users",
        "Changed By",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="User who last changed the state.",
    )
    state_reason = fields.Char("Reason", readonly=True, copy=False)
    state_message_id = fields.Many2one(
        "interop.message",
        "Changed by Message",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The message that caused the last change of the state. Empty if a "
        "user changed it.",
    )
    use = fields.Selection(
        const.IDENTIFIER_USES,
        help="FHIR identifier use. Leave empty if it is not known.",
    )
    period_start = fields.Datetime("Valid From")
    period_end = fields.Datetime(
        "Valid To",
        help="End of validity. A message about an earlier time still "
        "finds a retired identifier. Leave empty for no end.",
    )
    message_id = fields.Many2one(
        "interop.message",
        "Learned From",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The message that first stated this identifier. Empty if a user "
        "entered it.",
    )
    stated_at = fields.Datetime(
        "Stated As Of",
        readonly=True,
        copy=False,
        help="Time at which the use and the validity became true. A message "
        "about an earlier time does not change them.",
    )
    stated = fields.Char(
        "Statement",
        readonly=True,
        copy=False,
        help="Time of the statement to the microsecond, and the sequence of its "
        "message.",
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
    # The trigger in interop_identifier_anchor.py sets this on insert, for the index.
    once = fields.Boolean(
        "Never Re-used",
        readonly=True,
        help="Set by the re-use policy of the "
        "namespace. Another record never gets "
        "this value.",
    )

    _active_value_uniq = models.UniqueIndex(
        "(namespace_id, value_normalized) WHERE state IN ('active', 'merged')",
        "Another record already has this identifier, as active or as an "
        "alias. Retire that identifier, or merge the two records.",
    )
    _active_record_uniq = models.UniqueIndex(
        "(namespace_id, res_model, res_id) WHERE state = 'active' AND single",
        "This record already has an active identifier of that namespace. "
        "Retire it first.",
    )
    _once_uniq = models.UniqueIndex(
        "(namespace_id, value_normalized) WHERE once AND state <> 'entered_in_error'",
        "Another record had this identifier before, and this namespace "
        "never re-uses values. Enter another value.",
    )
    _record_idx = models.Index("(res_model, res_id)")
    _lookup_idx = models.Index("(namespace_id, value_normalized)")
    _partner_is_record = models.Constraint(
        "CHECK (res_model <> 'res.partner' OR partner_id = res_id)",
        "An identifier of a contact must refer to that contact.",
    )
    _period_order = models.Constraint(
        "CHECK (period_end IS NULL OR period_start IS NULL OR period_end >= "
        "period_start)",
        "The validity of an identifier cannot end before it starts. Correct the dates.",
    )

    @api.model
    def _selection_record_ref(self):
        models_sudo = self.env["ir.model"].sudo()  # sudo: names of models only
        names = self.env["interop.identifier.model"]._names()
        return [(name, models_sudo._get(name).name) for name in names]

    # === COMPUTE AND CONSTRAINTS === #

    @api.depends("value", "namespace_id")
    def _compute_value_normalized(self):
        for identifier in self:
            namespace = identifier.namespace_id
            if not namespace:  # a new form
                identifier.value_normalized = identifier.check_failed = False
                continue
            value = clean_value(identifier.value or "") or ""
            spelled = identifier.value_normalized = namespace._normalize(value)
            identifier.check_failed = bool(spelled) and not namespace._passes(value)

    @api.depends("res_model", "res_id")
    def _compute_record_ref(self):
        for identifier in self:
            model, res_id = identifier.res_model, identifier.res_id
            known = model in self.env and res_id
            identifier.record_ref = f"{model},{res_id}" if known else False

    @api.depends("namespace_id", "value")
    def _compute_display_name(self):
        for identifier in self:
            value, namespace = identifier.value or "", identifier.namespace_id
            if namespace.person_adjacent:
                value = question.mask(value)
            identifier.display_name = f"{namespace.name or ''} {value}".strip()

    @api.constrains("value", "namespace_id")
    def _check_value(self):
        for identifier in self:
            if not identifier.value_normalized:
                raise ValidationError(
                    self.env._("The identifier has no value. Enter one.")
                )
            identifier._check_no_placeholder()
            namespace = identifier.namespace_id
            if identifier.check_failed and namespace.validation == "block":
                raise ValidationError(
                    self.env._(
                        "The value does not pass the check of namespace “%s”. "
                        "Correct the value.",
                        namespace.name,
                    )
                )

    def _check_no_placeholder(self):
        """Refuse a placeholder instead of a number."""
        self.ensure_one()
        if self.namespace_id._is_placeholder(self.value):
            raise ValidationError(
                self.env._(
                    "The value is a placeholder, not a number of “%s”. Leave the "
                    "identifier out until the number is known. If this authority "
                    "really assigns this value, an administrator can change the "
                    "placeholders of the namespace.",
                    self.namespace_id.name,
                )
            )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create identifiers with consistent reference and partner columns."""
        # A value that was retired in this transaction is free only after it is flushed.
        self.flush_model(["state", "period_end"])
        vals_list = [self._prepare_record_vals(vals) for vals in vals_list]
        for vals in vals_list:
            for name in COMPUTED & vals.keys():
                raise AccessError(self._guarded_message(name))
            # Odoo shortens a default that is too long, so it is read from the context.
            if "value" not in vals and "default_value" in self.env.context:
                vals["value"] = self.env.context["default_value"]
            elif "value" not in vals:
                vals |= self.default_get(["value"])
            if "value" in vals:
                vals["value"] = checked_value(self.env, vals["value"])
        self.env["interop.identifier.model"]._check_listed(
            {vals.get("res_model") for vals in vals_list}
        )
        # Callers can forge the defaults of a context.
        forged = {f"default_{name}" for name in COMPUTED}
        kept = {k: v for k, v in self.env.context.items() if k not in forged}
        creator = self.with_context(kept)  # pylint: disable=context-overridden
        return super(InteropIdentifier, creator).create(vals_list)

    def write(self, vals):
        """Refuse to turn an identifier into another one: messages and merges relied on
        it.

        Users retire or withdraw it with the buttons and create the right one. Unchanged
        values, as an import repeats them, are accepted.
        """
        fixed = (GIVEN_ONCE | COMPUTED) & vals.keys()
        for name in fixed:
            if any(not row._is_present(name, vals[name]) for row in self):
                raise AccessError(
                    self.env._(
                        "“%(field)s” of an identifier cannot be changed. Retire the "
                        "identifier or mark it as entered in error. Then add the "
                        "right identifier.",
                        field=self._fields[name].string,
                    )
                )
        vals = {name: value for name, value in vals.items() if name not in fixed}
        if not vals:
            return True
        corrected = CORRECTED & vals.keys()
        result = super().write(vals)
        if corrected:
            labels = [self._fields[name].string for name in sorted(corrected)]
            self.env["interop.audit.event"]._log("changed", self, ", ".join(labels))
            self._set_stated(None)  # a statement of a user is as of now
        return result

    def _is_present(self, name, value):
        """Return whether this row already has ``value`` (in the form of ``write``)."""
        if name == "value" and value:
            value = clean_value(str(value))
        present = self._fields[name].convert_to_write(self[name], self)
        return (value or False) == (present or False)

    @api.model
    def _prepare_record_vals(self, vals):
        """Return ``vals`` with the reference and the partner column both set.

        A form passes ``record_ref`` or ``partner_id``, code model and id."""
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
                "An identifier cannot be deleted, because its history is kept. "
                "Retire it instead."
            )
        )

    # === TRANSITIONS === #

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | HISTORY | ORIGIN

    def _set_state(self, state, allowed, message=None, reason="", **vals):
        """Change the state and store user, time, reason and message."""
        if "period_end" in vals:
            vals.update(self._stated_values(message))
        return super()._set_state(
            state,
            allowed,
            state_at=clock.now().replace(microsecond=0),
            state_by_id=self.env.uid,
            state_reason=reason or False,
            state_message_id=(message and message.id) or False,
            **vals,
        )

    def _log_state(self, reason):
        """Log the change of state in the audit trail."""
        if self:
            labels = dict(self._fields["state"]._description_selection(self.env))
            label = labels[self[0].state]
            self.env["interop.audit.event"]._log(
                "transition", self, f"{label}: {reason}" if reason else label
            )
        return self

    def _set_retired(self, message=None, reason=""):
        """Retire the identifiers: only look-ups about earlier times find them.

        :param message: ``interop.message`` that caused it, if any
        :param str reason: reason in words; kept permanently, so without personal data
        """
        moved = self._set_ended({"active", "held"}, message=message, reason=reason)
        return moved._log_state(reason)

    def _set_ended(self, allowed, **vals):
        """Retire the identifiers, each with its own end; return the changed ones."""
        now = clock.now()
        moved = self.browse()
        for end, rows in self.grouped(lambda row: row._end_at(now)).items():
            moved |= rows._set_state("retired", allowed, period_end=end, **vals)
        return moved

    def _end_at(self, now):
        """Return the end that the sender stated if it is past, else ``now``."""
        if self.period_end and self.period_end < now:
            return self.period_end
        return max(now, self.period_start or now)

    def _set_merged(self, message=None, reason=""):
        """Turn the identifiers into aliases that find the surviving record."""
        return self._set_state("merged", {"active"}, message, reason)

    def _set_current(self, message=None, reason=""):
        """Turn aliases into active numbers, unless the record has another one."""
        self._hold_record()
        moved = self.browse()
        for row in self.filtered(lambda item: item.state == "merged"):
            record = self.env[row.res_model].browse(row.res_id)
            if row.single and row._active_of(record, row.namespace_id):
                continue
            moved |= row._set_state("active", {"merged"}, message, reason)
        return moved._log_state(reason)

    def _set_entered_in_error(self, message=None, reason=""):
        """Withdraw the identifiers because they were never right."""
        allowed = {"active", "retired", "merged", "held"}
        moved = self._set_state("entered_in_error", allowed, message, reason)
        return moved._log_state(reason)

    def _set_active(self, message=None, reason=""):
        """Reactivate retired or held identifiers."""
        for identifier in self:
            identifier._check_no_placeholder()
        self._hold_record()
        moved = self._set_state(
            "active", {"retired", "held"}, message, reason, period_end=False
        )
        return moved._log_state(reason)

    def _set_held(self, reason=""):
        """Hold the identifiers: messages that name them wait for a steward."""
        allowed = {"active", "merged"}
        moved = self._set_state(const.HELD, allowed, reason=reason, once=False)
        return moved._log_state(reason)

    def _set_same_number(self, reason=""):
        """Retire identifiers that are another spelling of a number of the same record."""
        moved = self._set_ended({"active", "merged", "held"}, reason=reason, once=False)
        return moved._log_state(reason)

    def _set_record(self, model, res_id):
        """Move these identifiers to another record (model name and id).

        Called only by a merge, and by a record that passes numbers to its parent."""
        vals = self._prepare_record_vals({"res_model": model, "res_id": res_id})
        return self._transition(vals)

    def _hold_record(self):
        """Lock the records before the rows, as a merge does, to avoid deadlocks."""
        for model, rows in self.grouped("res_model").items():
            self.env["interop.identifier.anchor"]._lock(model, rows.mapped("res_id"))

    # === STATEMENTS: AS OF WHEN USE AND PERIOD ARE KNOWN === #

    @api.model
    def _stated_values(self, message):
        """Return the values for the time of a statement by a message or a user.

        A time in the future counts as now, or later messages would count as old."""
        now = clock.now()
        return {
            "stated_at": min((message and message.occurred_at) or now, now),
            "stated": message._statement() if message else statement.build(None, now),
        }

    def _set_stated(self, message, **vals):
        """Store the time of a statement by a message or a user.

        :param vals: use and period, where they change
        """
        self._transition({**vals, **self._stated_values(message)})

    def _note_stated(self, message):
        """Store the time at which a message stated the current values."""
        newer = self.filtered(lambda row: not row._is_newer_than(message))
        newer._set_stated(message)

    def _is_newer_than(self, message):
        """Return whether one of these has newer facts than ``message``."""
        if not message.occurred_at:
            return False
        stated = message._statement()
        return not all(
            statement.is_newer(stated, row._known_statement()) for row in self
        )

    def _known_statement(self):
        """Return the latest statement about this identifier, empty without one."""
        self.ensure_one()
        if self.stated or not self.stated_at:
            return self.stated or ""
        # Stored before statements had microseconds.
        return statement.build(self.stated_at, self.stated_at)

    def _tell_stale(self, message):
        """Report to the sender that its statement about the state is out of date."""
        stale = field_report.Decision(field_report.IGNORED, field_report.STALE)
        entries = field_report.entries(self._name, self.id, {"state": stale})
        message._note_fields(entries)

    # === BUTTONS === #

    def action_retire(self):
        """Ask for the reason and retire (button)."""
        return self._ask_reason("retired", self.env._("Retire"))

    def action_enter_in_error(self):
        """Ask for the reason and mark as entered in error (button)."""
        return self._ask_reason("entered_in_error", self.env._("Entered in Error"))

    def action_reactivate(self):
        """Ask for the reason and reactivate a retired identifier (button)."""
        return self._ask_reason("active", self.env._("Reactivate"))

    def _ask_reason(self, state, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "interop.identifier.state.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_identifier_id": self.id, "default_state": state},
        }

    # === SERVICE OF HANDLERS === #

    @api.model
    def _parse(self, identifiers, company, system=None):
        """Return identifiers as ``Named``; see ``IdentityResolver.parse``."""
        return IdentityResolver(self).parse(identifiers, company, system)

    @api.model
    def _resolve(
        self, identifiers, company, *, model=None, system=None, at=None, looked_up=None
    ):
        """Return the record of the identifiers; see ``IdentityResolver.resolve``."""
        return IdentityResolver(self).resolve(
            identifiers, company, model=model, system=system, at=at, looked_up=looked_up
        )

    @api.model
    def _resolve_unknown(self, identifiers, message, model, create=True, text=""):
        """Return the record that a steward chose; see ``IdentityResolver.unknown``."""
        return IdentityResolver(self).unknown(identifiers, message, model, create, text)

    @api.model
    def _link(self, record, identifiers, message, looked_up=None):
        """Link identifiers to ``record``; see ``IdentifierLinks.link``."""
        return IdentifierLinks(self, message).link(record, identifiers, looked_up)

    @api.model
    def _wire(self, record, company):
        """Return the active identifiers of ``record`` that ``company`` may send."""
        return self._wire_many(record, company)[record.id]

    @api.model
    def _wire_many(self, records, company):
        """Return ``{record id: identifiers}`` like :meth:`_wire`, in one query."""
        return IdentifierWire(self, company).of_many(records)

    @api.model
    def _wire_at(self, record, company, at):
        """Return identifiers like :meth:`_wire`, as of a moment (naive UTC)."""
        return IdentifierWire(self, company).at(record, at)

    # === ROWS === #

    def _identifies(self, record):
        """Return whether this is an identifier of ``record``."""
        return (self.res_model, self.res_id) == (record._name, record.id)

    def _valid_at(self, at):
        """Return the row that was valid at ``at``, of these rows with one value."""
        return valid_at(self, at)

    def _was_good(self, at):
        """Return whether this identifier was valid at a moment (naive UTC)."""
        return was_good(self, at)

    @api.model
    def _active_of(self, record, namespace):
        """Return the active identifiers of ``record`` in ``namespace``."""
        self.flush_model(["namespace_id", "res_model", "res_id", "state"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM interop_identifier WHERE namespace_id = %s "
                "AND res_model = %s AND res_id = %s AND state = 'active'",
                namespace.id,
                record._name,
                record.id,
            )
        )
        return self.browse(row[0] for row in rows)

    # === HOOKS === #

    @api.model
    def _declared_models(self):
        """Return the names of the models for which installed addons keep identifiers.

        Called when the registry is loaded and when an inbound mapping is approved. An
        override adds names to the result of super and removes none. The caller leaves
        out models of apps that are not installed.

        :rtype: list[str]
        """
        usual = [name for name in const.USUAL_KINDS if name in self.env]
        mapped = [
            name
            for name in self.env["interop.mapping.model"]._identified_models()
            if not inbound_models.is_closed(name)
        ]
        return ["res.partner", "res.company", *usual, *mapped]

    @api.model
    def _rows(self, named, states):
        """Return the stored rows of the identifiers of a message, in one query.

        Called once per message, or per batch, by every look-up and link. An override
        may call super with other access rights to find more rows. It must not change
        the result. The caller checks access to the records.

        :param list named: ``Named`` of :meth:`_parse`
        :param tuple states: keys of ``const.IDENTIFIER_STATES``
        :return: ``{(namespace id, normalized value): interop.identifier}``
        """
        rows = {}
        pairs = {(item.namespace.id, item.normalized) for item in named}
        for row in rows_of(self, pairs, [("state", "in", states)]) if pairs else ():
            key = (row.namespace_id.id, row.value_normalized)
            rows[key] = rows[key] | row if key in rows else row
        return rows

    @api.model
    def _columns_of(self, record, item, message, state):
        """Return the columns of the row of a new identifier.

        Called for each identifier that a message adds, before the row is inserted with
        SQL. An override adds the stored columns that its addon computes from the
        record. It must not change those of super and must not write.

        :param record: the record that gets the identifier
        :param item: ``Named``
        :param message: ``interop.message`` that states it
        :param str state: key of ``const.IDENTIFIER_STATES``
        :return: ``{column: value as PostgreSQL takes it}``
        """
        namespace = item.namespace
        now = self.env.cr.now()
        return {
            "namespace_id": namespace.id,
            "company_id": namespace.company_id.id or None,
            "single": namespace.one_active_per_record,
            "value": item.value,
            "value_normalized": item.normalized,
            "check_failed": not namespace._passes(item.value),
            "res_model": record._name,
            "res_id": record.id,
            "partner_id": record.id if record._name == "res.partner" else None,
            "state": state,
            "use": item.use or None,
            "period_start": item.start,
            "period_end": item.end,
            **self._stated_values(message),
            "message_id": message.id or None,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
            "create_date": now,
            "write_date": now,
        }

    def _facility_of_case(self):
        """Return the facility whose stewards decide about these stored numbers.

        Called when a number is held (``respelling.py``) and a case is opened about it.
        An override returns one of the facilities that know the records, else the result
        of super. It must not return an empty recordset.

        :rtype: recordset of `res.company`
        """
        known = self.company_id or self.message_id.company_id
        if known:
            return known[:1]
        for row in self:
            records = self.env[row.res_model].browse(row.res_id).exists()
            if "company_id" in records._fields and records.company_id:
                return records.company_id
        return self.env.company
