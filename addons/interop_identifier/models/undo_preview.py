"""Preview of undoing a merge: values that are put back and values that stay."""

from typing import NamedTuple

from odoo.tools import format_datetime

from .interop_identifier_merge_line import STAMPS

# Columns that repeat another column or that users do not read.
UNTOLD = {
    *STAMPS,
    "res_model",
    "partner_id",
    "state_at",
    "state_by_id",
    "state_message_id",
    "state_reason",
    "stated_at",
    "stated",
}


class Effect(NamedTuple):
    """One effect of undoing. ``what`` names record and field, ``text`` states the
    effect.

    Both are only shown to the user who asked.
    """

    what: str
    text: str


class Source(NamedTuple):
    """The message that stated a value, its system and the time (naive UTC)."""

    message: str
    system: str
    at: object


class UndoPreview:
    """Plans the undoing of one merge with the rights of the current user.

    :param merge: ``interop.identifier.merge``, one record in force
    """

    def __init__(self, merge):
        self.merge = merge
        self.env = merge.env
        self.model = self.env[merge.res_model]

    def render(self):
        """Return both lists as HTML."""
        return self.env["ir.qweb"]._render(
            "interop_identifier.interop_undo_preview",
            {
                "back": self.put_back(),
                "stays": self.stays(),
                "hidden": self.hidden_count(),
            },
        )

    def put_back(self):
        """Return the ``Effect`` list of values that are put back."""
        effects = []
        for line, plan in self._plans():
            if plan.row is not None:
                effects += self._columns(line, plan)
        for note in self.merge.sudo()._interop_undo_notes():  # sudo: texts only
            effects.append(Effect(*note))
        return effects

    def stays(self):
        """Return the ``Effect`` list of values that stay."""
        effects = []
        for line, plan in self._plans():
            if plan.row is None:
                effects.append(
                    Effect(
                        self._row_name(line),
                        self.env._("It was removed after the merge."),
                    )
                )
            for name in plan.kept:
                what = f"{self._row_name(line)}: {self._label(line.res_model, name)}"
                effects.append(
                    Effect(what, self.env._("It was changed after the merge."))
                )
        return effects + self._later_numbers() + self._stated_fields()

    def stays_in_words(self):
        """Return texts about values that stay and are not recorded changes.

        The texts contain no values, because they are kept permanently.
        """
        labels = [
            f"#{res_id} {self._label(self.merge.res_model, name)}"
            for res_id, name in sorted(self._sources())
        ]
        count = len(self._new_numbers())
        told = []
        if labels:
            told.append(
                self.env._(
                    "Stated by messages after the merge, and not changed: %s.",
                    ", ".join(labels),
                )
            )
        if count:
            told.append(
                self.env._(
                    "Identifiers added after the merge, which stay with the "
                    "survivor: %s.",
                    count,
                )
            )
        return told

    # ------------------------------------------------------------------
    # Recorded changes
    # ------------------------------------------------------------------
    def _lines(self):
        """Return the lines that the user may see and that are not yet put back."""
        return self.env["interop.identifier.merge.line"].search(
            [("merge_id", "=", self.merge.id), ("restored", "=", False)]
        )

    def _plans(self):
        """Return ``(line, Plan)`` of each line, in the order of undoing (last one
        first)."""
        plans = []
        for line in self._lines().sorted(reverse=True):
            line_sudo = line.sudo()  # sudo: no group may read the columns of a line
            later_sudo = line_sudo._later().filtered(
                lambda item: item.merge_id != self.merge
            )
            plans.append((line, line_sudo._plan(later_sudo)))
        return plans

    def hidden_count(self):
        """Return the number of changes at other facilities that are put back."""
        lines_sudo = self.merge.sudo().line_ids  # sudo: a number only
        recorded = len(lines_sudo.filtered(lambda line: not line.restored))
        beside = self.merge.sudo()._interop_undo_hidden()  # sudo: a number only
        return recorded - len(self._lines()) + beside

    def _columns(self, line, plan):
        effects = []
        for name, value in sorted(plan.columns.items()):
            if name in UNTOLD or plan.row.get(name) == value:
                continue
            text = self.env._(
                "%(now)s → %(then)s",
                now=self._text(line.res_model, name, plan.row.get(name)),
                then=self._text(line.res_model, name, value),
            )
            what = f"{self._row_name(line)}: {self._label(line.res_model, name)}"
            effects.append(Effect(what, text))
        return effects

    def _row_name(self, line):
        """Return the name of the row of a line, as far as the user may see it."""
        model = line.res_model
        # sudo: names of models are not confidential
        kind = self.env["ir.model"].sudo()._get(model).name or model
        if model not in self.env:
            return kind
        record = self.env[model].sudo(False).browse(line.res_id).exists()
        if not record or not record.has_access("read"):
            return f"{kind} #{line.res_id}"
        if model == "interop.identifier":
            return f"{record.namespace_id.name} {record.value}"
        return f"{kind} {record.display_name}"

    def _label(self, model, name):
        if model == "interop.identifier" and name == "res_id":
            return self.env._("Record")
        field = self.env[model]._fields.get(name) if model in self.env else None
        return field._description_string(self.env) if field else name

    def _text(self, model, name, value):
        """Return one column of a row as text."""
        field = self.env[model]._fields.get(name)
        if model == "interop.identifier" and name == "res_id":
            return self._record_name(self.merge.res_model, value)
        if field and field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if field and field.type == "selection":
            labels = dict(field._description_selection(self.env))
            return str(labels.get(value, value) or "–")
        if field and field.type == "many2one" and value:
            return self._record_name(field.comodel_name, value)
        return str(value) if value not in (None, False, "") else "–"

    def _record_name(self, model, res_id):
        """Return name and id of a record. Both sides of a merge may have the same name."""
        record = self.env[model].sudo(False).browse(res_id).exists()
        if not record or not record.has_access("read"):
            return f"#{res_id}"
        return f"{record.display_name} (#{res_id})"

    # ------------------------------------------------------------------
    # What came after the merge
    # ------------------------------------------------------------------
    def _new_numbers(self):
        """Return the identifiers that the survivor got after the merge."""
        moved = self.merge.sudo().line_ids.identifier_id  # sudo: compared, not shown
        found = self.env["interop.identifier"].search(
            [
                ("res_model", "=", self.merge.res_model),
                ("res_id", "=", self.merge.survivor_id),
                ("create_date", ">", self.merge.merged_at),
            ]
        )
        return found.filtered(lambda row: row.id not in moved.ids)

    def _later_numbers(self):
        return [
            Effect(
                f"{row.namespace_id.name} {row.value}",
                self.env._(
                    "The number was added after the merge and stays with the survivor."
                ),
            )
            for row in self._new_numbers()
        ]

    def _stated_fields(self):
        """Return the ``Effect`` list of fields that messages set after the merge.

        Odoo keeps no former values of them. Provenance and the report of a message
        contain only the sender and the time.
        """
        return [
            Effect(
                f"{self._record_name(self.merge.res_model, res_id)}: "
                f"{self._label(self.merge.res_model, name)}",
                self.env._(
                    "It stays “%(value)s”, as message %(message)s of %(system)s "
                    "stated on %(date)s. Correct the value manually, or ask the "
                    "sender to send it again.",
                    value=self._present(res_id, name),
                    message=source.message,
                    system=source.system,
                    date=format_datetime(self.env, source.at, dt_format="short"),
                ),
            )
            for (res_id, name), source in sorted(self._sources().items())
        ]

    def _present(self, res_id, name):
        """Return the value of a field, as far as the user may read it."""
        record = self.env[self.merge.res_model].sudo(False).browse(res_id).exists()
        field = record._fields.get(name)
        readable = field and record and record.has_access("read")
        if not readable or not record._has_field_access(field, "read"):
            return "…"
        if field.relational:
            # sudo: the display name of a related record of a record that the user may
            # read
            return ", ".join(record[name].sudo().mapped("display_name")) or "–"
        return self._text(record._name, name, record[name])

    def _sources(self):
        """Return ``{(record id, field): Source}`` of the fields that messages set after
        the merge."""
        found = self.env["interop.message"]._field_sources(
            self.merge.res_model,
            [self.merge.survivor_id, self.merge.merged_id],
            self.merge.merged_at,
        )
        return {key: self._source(*source) for key, source in found.items()}

    def _source(self, origin_sudo, reference, at):
        """Return the ``Source`` of a message or provenance row, as far as the user's
        facilities may see it."""
        company = origin_sudo.company_id
        if company and company not in self.env.user.company_ids:
            reference = "–"
        return Source(reference, origin_sudo.system_id._visible_name(), at)
