"""What a message says about identifiers that is not known yet."""

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import field_report, statement

# What messages say about a number, besides whose it is.
STATED = {"use", "period_start", "period_end"}


class InteropIdentifier(models.Model):
    """Steps of linking."""

    _inherit = "interop.identifier"

    stated_at = fields.Datetime(
        "Stated As Of",
        readonly=True,
        copy=False,
        help="When what is known of its use and period became true. A message about an "
        "earlier moment does not change it.",
    )

    stated = fields.Char(
        "Statement",
        readonly=True,
        copy=False,
        help="Time of the statement to the microsecond, with the sequence of its "
        "message.",
    )

    def write(self, vals):
        """Note that what a person states is as of now."""
        result = super().write(vals)
        if STATED & vals.keys():
            self._transition(self._stated_values(None))
        return result

    def _hold_record(self):
        """Queue up with merges of the records of these rows, before the rows are
        touched: a merge locks in the same order."""
        for model, rows in self.grouped("res_model").items():
            self.env["interop.identifier.anchor"]._lock(model, rows.mapped("res_id"))

    @api.model
    def _stated_values(self, message):
        """Return the values that say as of when a message, or else a person, states
        something. A sender's clock that runs ahead counts as now, or all that it says
        next would be old."""
        now = clock.now()
        return {
            "stated_at": min((message and message.occurred_at) or now, now),
            "stated": message._statement() if message else statement.build(None, now),
        }

    def _is_newer_than(self, message):
        """Say whether what is known of one of these stays although a message says
        something else: the message is older, or as old and not later in its stream."""
        if not message.occurred_at:
            return False
        stated = message._statement()
        return not all(
            statement.is_newer(stated, row._known_statement()) for row in self
        )

    def _tell_late(self, message):
        """Tell the sender of a new number that is retired at once: a later one of the
        same record is known already."""
        if self.state == "retired" and message.id:
            self._tell_stale(message)

    def _tell_stale(self, message):
        """Tell the sender that what its message says of the state is out of date."""
        stale = field_report.Decision(field_report.IGNORED, field_report.STALE)
        entries = field_report.entries(self._name, self.id, {"state": stale})
        message._note_fields(entries)

    def _note_stated(self, message):
        """Note as of when a message stated what these are now."""
        newer = self.filtered(lambda row: not row._is_newer_than(message))
        newer._transition(self._stated_values(message))

    def _known_statement(self):
        """Return the latest statement about this identifier, empty without one."""
        self.ensure_one()
        if self.stated or not self.stated_at:
            return self.stated or ""
        # Stated before this was kept to the microsecond.
        return statement.build(self.stated_at, self.stated_at)

    # ------------------------------------------------------------------
    # A number that is known
    # ------------------------------------------------------------------
    def _news(self, item):
        """Return what a message says about this identifier that is not known."""
        return {
            name: value
            for name, value in (
                ("use", item.use),
                ("period_start", item.start),
                ("period_end", item.end),
            )
            if value and self[name] != value
        }

    def _update_from(self, item, message):
        """Take over use and period from a message that knows them; the message is told.

        Only the source system of a namespace says so; from others they are hearsay,
        for which no message is refused. Nor is one that is older than what is known.
        """
        vals = self._news(item)
        if not vals:
            self._confirm(item, message)
            return
        owner = item.namespace.system_id
        if owner and owner != message.system_id:
            decision = field_report.Decision(
                field_report.IGNORED, field_report.NOT_OWNER
            )
        elif self._is_newer_than(message):
            decision = field_report.Decision(field_report.IGNORED, field_report.STALE)
        else:
            decision = field_report.Decision(field_report.APPLIED)
            self._hold_record()
            self._transition({**vals, **self._stated_values(message)})
        if message.id:
            decisions = dict.fromkeys(vals, decision)
            message._note_fields(field_report.entries(self._name, self.id, decisions))

    def _confirm(self, item, message):
        """Note that a newer message names the record's present number again: another
        number of an earlier moment, should it come late, does not replace it.

        Only where a record has one active number is anything decided by that.
        """
        owner = item.namespace.system_id
        if self.state != "active" or not self.single:
            return
        if (owner and owner != message.system_id) or self._is_newer_than(message):
            return
        self._hold_record()
        self._transition(self._stated_values(message))

    # ------------------------------------------------------------------
    # A new number
    # ------------------------------------------------------------------
    @api.model
    def _make_way(self, record, item, message):
        """Retire the record's number in a namespace in favor of the new one ``item``;
        return the state of the new one and what is stated of it.

        It is the active one, unless the message is older than what is known of the
        present number: then it is a former one. Raises ``PossibleDuplicate`` when the
        sender hands out these numbers itself: for it the two are two records, so that
        whatever else they share (a registration typed in twice) does not make them one.
        A person decides; where they are one, both numbers find the record from then on.
        """
        if not item.namespace.one_active_per_record:
            return "active", item
        owner = item.namespace.system_id
        previous = self._active_of(record, item.namespace)
        previous._hold_record()
        late = previous._is_newer_than(message)
        if previous and owner and owner == message.system_id:
            self._is_second_number(record, item, message)
            if late:
                return "merged", item
            previous._set_merged(message=message)
        elif late:
            known_at = max(filter(None, previous.mapped("stated_at")))
            return "retired", self._ended(item, known_at)
        else:
            previous._set_retired(
                message=message, reason=self.env._("Replaced by a new one")
            )
        return "active", item

    @api.model
    def _ended(self, item, at):
        """Return ``item`` as a number that stopped being good at a moment, or at the
        end that its sender stated, if that was before."""
        end = min(item.end or at, at)
        return item._replace(end=max(end, item.start or end))

    @api.model
    def _standing(self, record):
        """Return ``record``, or its survivor, and in which namespaces it has an active
        number (set of ids): what each link asks first, mostly for nothing."""
        if not record:
            return record, set()
        record.ensure_one()
        self.flush_model(["namespace_id", "res_model", "res_id", "state"])
        ((survivor_id, numbered),) = self.env.execute_query(
            SQL(
                "SELECT (SELECT survivor_id FROM interop_identifier_anchor"
                " WHERE res_model = %(model)s AND res_id = %(id)s"
                " AND survivor_id > 0),"
                " ARRAY(SELECT namespace_id FROM interop_identifier"
                " WHERE res_model = %(model)s AND res_id = %(id)s"
                " AND state = 'active')",
                model=record._name,
                id=record.id,
            )
        )
        if survivor_id:  # the last one: there are no chains
            return self._standing(record.browse(survivor_id))
        return record, set(numbered)

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
