"""Show the two records of an identity case and the waiting messages side by side."""

from typing import NamedTuple

from odoo.fields import Domain
from odoo.tools import format_date, format_datetime

from .. import const
from ..tools import parties
from .message_side import MessageSide, seen_ids

EVERY_MODEL = ("active", "create_date", "write_date")
LAST_MESSAGES = 5


class Cell(NamedTuple):
    """One cell of the comparison; ``differs`` marks it."""

    text: str
    differs: bool = False


class CaseComparison:
    """Renders the comparison with the rights of the user who looks at it.

    The message's side is part of it for a steward who asked for it, see
    ``interop.identity.case.action_show_message``.

    :param case: ``interop.identity.case``, one record
    """

    def __init__(self, case):
        self.case = case
        self.env = case.env

    def render(self):
        """Return the comparison as HTML, empty where there is nothing to compare."""
        case = self.case
        sides = [side for side in (self._side("left"), self._side("right")) if side]
        statements = self._statements()
        return (sides or statements) and self.env["ir.qweb"]._render(
            "interop_identifier.interop_identity_comparison",
            {
                "sides": sides,
                "statements": statements,
                "waits": bool(case.state == "open" and case.waiting_count),
                "stated": self._stated_rows(sides, statements),
                "sections": self._sections(sides),
                "width": len(sides) + 2,
                "places": {
                    "left": self.env._("First record"),
                    "right": self.env._("Second record"),
                    "other": self.env._("Another record"),
                    "": self.env._("Not known in Odoo"),
                },
            },
        )

    def _statements(self):
        """Return the ``Statements`` of the waiting messages, None unless this user may
        see them now."""
        case = self.case
        if not case.side_shown:
            return None
        return MessageSide(case, seen_ids(case)).statements()

    def _stated_rows(self, sides, statements):
        """Return ``[(label, texts of the messages, [Cell per side])]`` of the facts
        that both messages and records state."""
        labels = {"name": self.env._("Name"), "birth_date": self.env._("Date of Birth")}
        said = {
            "name": statements.names if statements else [],
            "birth_date": statements.birth_dates if statements else [],
        }
        rows = []
        for key, label in labels.items():
            texts = [side["stated"].get(key, "") for side in sides]
            if not any(texts) and not said[key]:
                continue
            known = {parties.alike(text) for text in said[key]}
            several = len({parties.alike(text) for text in texts}) > 1
            cells = [
                Cell(
                    text,
                    parties.alike(text) not in known if known else several,
                )
                for text in texts
            ]
            rows.append((label, said[key], cells))
        return rows

    def _side(self, name):
        """Return the facts about one record, None if the case has no record on that
        side."""
        case = self.case
        model, res_id = case[f"{name}_model"], case[f"{name}_id"]
        if not res_id or model not in self.env:
            return None
        record = self.env[model].sudo(False).browse(res_id)
        side = {
            "title": case[f"{name}_name"],
            "kind": case._model_label(model),
            "place": self.env._("First record")
            if name == "left"
            else self.env._("Second record"),
            "url": False,
            "note": "",
            "stated": {},
            "fields": {},
            "identifiers": [],
            "messages": [],
            "dependents": {},
        }
        if not record.exists():
            side["note"] = self.env._("This record was deleted.")
        elif not record.has_access("read"):
            side["note"] = self.env._(
                "You may not see this record. It belongs to another facility or "
                "area. Ask a steward with access to decide this case."
            )
        else:
            side.update(
                url=f"/odoo/{model}/{res_id}",
                note=self._merged_note(record),
                stated=self._stated_fields(record),
                fields=self._shown_fields(record),
                identifiers=self._shown_identifiers(record),
                messages=self._shown_messages(record),
                dependents=self._dependents(record),
            )
        return side

    def _merged_note(self, record):
        """Return a note if the record was merged into another one."""
        survivor = self.env["interop.identifier.merge"]._survivor(record)
        if survivor == record:
            return ""
        return self.env._("Already merged into record %s", survivor.id)

    def _sections(self, sides):
        """Return ``[(title, [(label, [cell per side], whether they differ)])]``."""
        sections = []
        for title, name in (
            (self.env._("Key fields"), "fields"),
            (self.env._("Linked documents"), "dependents"),
        ):
            labels = list(dict.fromkeys(key for side in sides for key in side[name]))
            rows = []
            for label in labels:
                cells = [side[name].get(label, "") for side in sides]
                differ = name == "fields" and len(set(cells)) > 1
                rows.append((label, cells, differ))
            sections.append((title, rows))
        return sections

    def _shown_fields(self, record):
        """Return ``{label: text}`` of the fields that distinguish records.

        Only fields with a value that the user may read are included.
        """
        case = self.case
        stated = case._stated_as(record._name).values()
        names = (*case._key_fields(record._name), *EVERY_MODEL)
        shown = {}
        for name in names:
            if name in stated:  # shown in the rows above
                continue
            field = record._fields.get(name)
            if not field or not record._has_field_access(field, "read"):
                continue
            text = self._text(record, field)
            if text:
                shown[field._description_string(self.env)] = text
        return shown

    def _stated_fields(self, record):
        """Return ``{member of the message: text of the record}``."""
        shown = {}
        for key, name in self.case._stated_as(record._name).items():
            field = record._fields[name]
            if record._has_field_access(field, "read"):
                shown[key] = self._text(record, field)
        return shown

    def _text(self, record, field):
        value = record[field.name]
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if not value:
            return ""
        if field.type == "many2one":
            return (
                value.sudo().display_name
            )  # sudo: a record that the user may read refers to it
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if field.type == "datetime":
            return format_datetime(self.env, value, dt_format="short")
        if field.type == "date":
            return format_date(self.env, value)
        return str(value)

    def _shown_identifiers(self, record):
        """Return ``[(namespace, value, state label, state)]`` that the user may see."""
        rows = self.env["interop.identifier"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)],
            order="state, namespace_id, id",
            limit=50,
        )
        labels = dict(rows._fields["state"]._description_selection(self.env))
        return [
            (row.namespace_id.name, row.value, labels[row.state], row.state)
            for row in rows
        ]

    def _shown_messages(self, record):
        """Return ``[(url, name, time, state label, state)]`` of the latest messages."""
        messages = self.env["interop.message"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)],
            order="id desc",
            limit=LAST_MESSAGES,
        )
        labels = dict(messages._fields["state"]._description_selection(self.env))
        return [
            (
                f"/odoo/interop-messages/{message.id}",
                message.contract_id.display_name or message.external_id,
                format_datetime(self.env, message.create_date, dt_format="short"),
                labels[message.state],
                message.state,
            )
            for message in messages
        ]

    def _dependents(self, record):
        """Return ``{model label: number of documents}`` that refer to ``record``.

        Every stored many2one of every model counts, within the facilities of the user.
        The count stops at ``const.COUNT_LIMIT`` and skips columns that would need a
        scan of a big table.
        """
        counted = {}
        for model, names in sorted(self._references(record._name).items()):
            documents_sudo = self.env[model].sudo()  # sudo: a number, no content
            domain = Domain.OR(Domain(name, "=", record.id) for name in names)
            if "company_id" in documents_sudo._fields:
                domain &= Domain("company_id", "in", [False, *self.env.companies.ids])
            number = documents_sudo.with_context(active_test=False).search_count(
                domain, limit=const.COUNT_LIMIT + 1
            )
            if number:
                label = self.case._model_label(model)
                over = number > const.COUNT_LIMIT
                counted[label] = (
                    self.env._("more than %s", const.COUNT_LIMIT) if over else number
                )
        return counted

    def _references(self, target):
        """Return ``{model: names of its many2one fields to target}`` that can be
        counted quickly."""
        found = {}
        for model, fields_by_name in self._many2ones(target).items():
            table = self.env[model]._table
            names = [
                name
                for name, field in fields_by_name.items()
                if field.index or self._is_small(table)
            ]
            if names:
                found[model] = names
        return found

    def _many2ones(self, target):
        """Return ``{model: {name: field}}`` of all stored many2one fields to
        ``target``."""
        found = {}
        for name, model in self.env.registry.items():
            if (
                model._abstract
                or model._transient
                or not model._auto
                or name.startswith(const.NOT_COUNTED)
            ):
                continue
            fields_by_name = {
                field.name: field
                for field in model._fields.values()
                if field.type == "many2one"
                and field.comodel_name == target
                and field.store
                and field.column_type
                and not field.company_dependent
                and field.name
                not in ("create_uid", "write_uid", "commercial_partner_id")
            }
            if fields_by_name:
                found[name] = fields_by_name
        return found

    def _is_small(self, table):
        """Return whether the table is small enough for a full scan."""
        self.env.cr.execute(
            "SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", [table]
        )
        row = self.env.cr.fetchone()
        return bool(row) and row[0] <= const.SMALL_TABLE
