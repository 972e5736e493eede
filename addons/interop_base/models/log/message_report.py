"""What became of each value of a message."""

from markupsafe import Markup

from odoo import api, fields, models

from ... import clock
from ...tools import field_report, statement

OUTCOME_STYLES = {
    field_report.APPLIED: "success",
    field_report.UNCHANGED: "secondary",
    field_report.FLAGGED: "warning",
    field_report.IGNORED: "warning",
    field_report.REJECTED: "danger",
    field_report.NOT_APPLIED: "secondary",
}
SOURCES = 200  # messages whose reports tell what set a value


class InteropMessage(models.Model):
    """The report by field: names, never values."""

    _inherit = "interop.message"

    field_report = fields.Json(readonly=True, copy=False)
    has_field_notes = fields.Boolean(
        "Not Everything Simply Applied",
        readonly=True,
        copy=False,
        help="Some value was ignored, rejected, or accepted from a system that does "
        "not decide about it.",
    )
    field_report_html = fields.Html("By Field", compute="_compute_field_report_html")

    _field_notes_idx = models.Index("(id) WHERE has_field_notes")

    @api.depends("field_report")
    @api.depends_context("lang")
    def _compute_field_report_html(self):
        for message in self:
            message.field_report_html = self._report_table(message.field_report or [])

    @api.model
    def _report_words(self):
        """Return ``{outcome or reason: words for people}``."""
        return {
            field_report.APPLIED: self.env._("Applied"),
            field_report.UNCHANGED: self.env._("Unchanged"),
            field_report.FLAGGED: self.env._("Applied and flagged"),
            field_report.IGNORED: self.env._("Ignored"),
            field_report.REJECTED: self.env._("Rejected"),
            field_report.NOT_APPLIED: self.env._("Not applied"),
            field_report.NOT_OWNER: self.env._("Another system decides about it"),
            field_report.STALE: self.env._(
                "Not newer than an earlier statement of the sender"
            ),
            field_report.UNKNOWN_VALUE: self.env._("This value is not set up in Odoo"),
            field_report.ONLY_FIRST: self.env._(
                "Odoo stores only one value; the first value is used"
            ),
        }

    @api.model
    def _report_table(self, report):
        if not report:
            return False
        words = self._report_words()
        rows = Markup("").join(
            Markup(
                "<tr><td>%(object)s</td><td>%(field)s</td>"
                "<td><span class='badge text-bg-%(style)s'>%(outcome)s</span></td>"
                "<td>%(reason)s</td></tr>"
            )
            % {**self._report_names(item), **self._report_outcome(item, words)}
            for item in report
        )
        return Markup(
            "<table class='table table-sm'><thead><tr><th>%s</th><th>%s</th><th>%s</th>"
            "<th>%s</th></tr></thead><tbody>%s</tbody></table>"
        ) % (
            self.env._("Object"),
            self.env._("Field"),
            self.env._("Outcome"),
            self.env._("Why"),
            rows,
        )

    @api.model
    def _report_names(self, item):
        model = self.env.get(item["object"])
        field = model._fields.get(item["field"]) if model is not None else None
        return {
            "object": model._description if model is not None else item["object"],
            "field": field._description_string(self.env) if field else item["field"],
        }

    @api.model
    def _report_outcome(self, item, words):
        return {
            "style": OUTCOME_STYLES.get(item["outcome"], "secondary"),
            "outcome": words.get(item["outcome"], item["outcome"]),
            "reason": words.get(item.get("reason"), item.get("reason", "")),
        }

    # === COMPARING === #

    @api.private
    def _statement(self):
        """Return when this inbound message stated what it states, and its place among
        others of its sender (``tools.statement``)."""
        self.ensure_one()
        return statement.build(
            self.occurred_at or None,
            self.create_date or clock.now(),
            self.sequence,
            self.epoch,
            self._origin.id,
        )

    # === WRITING === #

    @api.private
    def _note_fields(self, report):
        """Add to the report (``tools.field_report.entries``)."""
        self.ensure_one()
        if report:
            # sudo: the log is written for a service user that may not write it
            message_sudo = self.sudo()
            whole = (message_sudo.field_report or []) + report
            message_sudo.write(
                {
                    "field_report": whole,
                    "has_field_notes": field_report.is_notable(whole),
                }
            )

    @api.private
    def _forget_fields(self):
        """Start over: the message is applied again."""
        if self.field_report:
            self.sudo().write({"field_report": False, "has_field_notes": False})

    @api.private
    def _answer_fields(self):
        """Return the report as the sender may see it: no ids of ours, no values."""
        self.ensure_one()
        return field_report.public_entries(self.field_report or [])

    # === READING === #

    @api.model
    @api.private
    def _field_sources(self, model, ids, since):
        """Return ``{(record id, field): (source, reference, moment)}`` of the values that
        messages set since a moment.

        Called before a person undoes a merge of records: these values stay. The default
        reads the reports of the latest messages. An override adds what it knows better;
        the caller decides what of it the user may see.

        :param str model: model of the records
        :param list ids: records
        :param datetime since: naive, in UTC
        :returns: ``source`` is a record in superuser mode with ``system_id`` and
            ``company_id``; ``reference`` is the id of the message, as text
        """
        # sudo: which field was stated by whom; values are read with the user's rights
        latest_sudo = self.sudo().search(
            [
                ("res_model", "=", model),
                ("res_id", "in", ids),
                ("direction", "=", "in"),
                ("done_at", ">=", since),
            ],
            order="id",
            limit=SOURCES,
        )
        return {
            (entry["id"], entry["field"]): (
                message_sudo,
                message_sudo.external_id,
                message_sudo.done_at,
            )
            for message_sudo in latest_sudo
            for entry in message_sudo.field_report or []
            if entry["object"] == model and entry["outcome"] == field_report.APPLIED
        }
