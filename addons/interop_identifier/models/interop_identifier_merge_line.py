"""The changes of a merge, row by row, so that undoing restores them exactly."""

import json
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

STAMPS = {"write_date", "write_uid"}


class Plan(NamedTuple):
    """The effect of undoing on one row.

    ``columns`` are put back, ``kept`` names columns that changed after the merge.
    ``alias`` says that an identifier goes back as an alias because another one is
    active. ``row`` is the current row, None if it was deleted.
    """

    row: dict | None
    columns: dict
    kept: list
    alias: bool


class InteropIdentifierMergeLine(models.Model):
    """The columns of one row before and after a merge."""

    _name = "interop.identifier.merge.line"
    _description = "Change by an Identity Merge"
    _order = "id"
    _log_access = False
    _rec_name = "res_model"

    merge_id = fields.Many2one(
        "interop.identifier.merge",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Document ID", model_field="res_model", required=True, readonly=True
    )
    identifier_id = fields.Many2one(
        "interop.identifier",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
    )
    namespace_id = fields.Many2one(related="identifier_id.namespace_id")
    # Columns by name, as PostgreSQL writes them in JSON. Only changed columns are kept.
    before = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    after = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    was_alias = fields.Boolean(
        "Alias",
        compute="_compute_was_alias",
        compute_sudo=True,
        help="The survivor already has a number in this namespace. This "
        "identifier also finds it.",
    )
    restored = fields.Boolean(
        readonly=True,
        help="The change was put back, or an earlier merge that was "
        "undone replaced it.",
    )

    _row_idx = models.Index("(res_model, res_id) WHERE NOT restored")

    @api.depends("after")
    def _compute_was_alias(self):
        for line in self:
            line.was_alias = (line.after or {}).get("state") == "merged"

    # ------------------------------------------------------------------
    # Recording
    # ------------------------------------------------------------------
    @api.model
    def _raw(self, records):
        """Return ``{id: columns}`` of the rows as stored in the database."""
        records.flush_model()
        if not records:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, to_jsonb(row) FROM %s AS row WHERE id = ANY(%s)",
                    SQL.identifier(records._table),
                    records.ids,
                )
            )
        )

    @api.model
    def _note(self, merge, records, before):
        """Create the lines of ``merge`` for the differences from ``before``."""
        vals_list = []
        for row_id, row in sorted(self._raw(records).items()):
            old = before[row_id]
            changed = [name for name in row if row[name] != old[name]]
            if changed:
                vals_list.append(
                    {
                        "merge_id": merge.id,
                        "res_model": records._name,
                        "res_id": row_id,
                        "identifier_id": row_id
                        if records._name == "interop.identifier"
                        else False,
                        "before": {name: old[name] for name in changed},
                        "after": {name: row[name] for name in changed},
                    }
                )
        return self.create(vals_list)

    @api.model
    def _first_records(self, identifiers):
        """Return ``{identifier id: id of its record before all merges in force}``."""
        first = {row.id: row.res_id for row in identifiers}
        # sudo: the answer must not depend on the user
        lines_sudo = self.sudo().search(
            [
                ("res_model", "=", "interop.identifier"),
                ("res_id", "in", identifiers.ids),
                ("restored", "=", False),
                ("merge_id.state", "=", "merged"),
            ],
            order="id desc",
        )
        for line in lines_sudo:
            first[line.res_id] = (line.before or {}).get("res_id", first[line.res_id])
        return first

    # ------------------------------------------------------------------
    # Putting back
    # ------------------------------------------------------------------
    def _restore(self):
        """Put the rows of these lines back; return texts about the rest.

        A column that changed after the merge keeps its current value. The changes of
        later merges to the same row are taken back as well.
        """
        kept = []
        for line in self.filtered(lambda item: not item.restored).sorted(reverse=True):
            later = line._later()
            kept += line._restore_one(later)
            (line | later).restored = True
        self.env.invalidate_all()
        return kept

    def _later(self):
        """Return the changes of later merges in force to the same columns."""
        lines = self.search(
            [
                ("res_model", "=", self.res_model),
                ("res_id", "=", self.res_id),
                ("id", ">", self.id),
                ("restored", "=", False),
            ]
        )
        mine = self.before.keys() - STAMPS
        return lines.filtered(lambda line: mine & line.before.keys())

    def _restore_one(self, later):
        """Put one row back; return texts about the columns that stay."""
        plan = self._plan(later)
        if plan.columns:
            self._put(self.env[self.res_model]._table, plan.columns)
        return self._told(plan)

    def _plan(self, later):
        """Return the ``Plan`` of undoing this line together with ``later`` ones."""
        known = self.res_model in self.env
        row = known and self._raw(self.env[self.res_model].browse(self.res_id))
        if not row:
            return Plan(None, {}, [], False)
        row = row[self.res_id]
        before, expected = {}, {}
        for line in self | later:
            before = {**line.before, **before}
            expected.update(line.after)
        same = {name for name in before if row.get(name) == expected[name]}
        columns = {name: before[name] for name in same}
        clash = self._second_active({**row, **columns})
        columns.update(clash)
        kept = sorted(before.keys() - same - STAMPS)
        return Plan(row, columns, kept, bool(clash))

    def _told(self, plan):
        """Return the parts of a plan that cannot be put back, in words without values."""
        names = {"model": self.res_model, "id": self.res_id}
        if plan.row is None:
            return [
                self.env._("%(model)s %(id)s was removed after the merge.", **names)
            ]
        told = []
        if plan.alias:
            told.append(
                self.env._(
                    "%(model)s %(id)s is now an alias (state), because another "
                    "identifier of its namespace is active there.",
                    **names,
                )
            )
        if plan.kept:
            told.append(
                self.env._(
                    "%(model)s %(id)s was changed after the merge and keeps its "
                    "values of: %(fields)s.",
                    fields=", ".join(plan.kept),
                    **names,
                )
            )
        return told

    def _second_active(self, row):
        """Return the different columns of an identifier that cannot go back as active.

        Empty for any other row. A former identifier was reactivated meanwhile, so the
        second one becomes an alias that still finds the record.

        :param dict row: its columns after undoing
        """
        if self.res_model != "interop.identifier" or row["state"] != "active":
            return {}
        found = self.env.execute_query(
            SQL(
                "SELECT 1 FROM interop_identifier WHERE namespace_id = %s AND "
                "res_model = %s AND res_id = %s AND state = 'active' AND single "
                "AND id <> %s",
                row["namespace_id"],
                row["res_model"],
                row["res_id"],
                self.res_id,
            )
        )
        return {"state": "merged"} if found and row["single"] else {}

    def _put(self, table, columns):
        """Write former column values to the row of this line.

        Uses SQL, because every column is restored, also the last change, and because
        transitions do not move states backwards.
        """
        if not columns:
            return
        names = sorted(columns)
        self.env.execute_query(
            SQL(
                "UPDATE %(table)s SET (%(names)s) = (SELECT %(names)s "
                "FROM jsonb_populate_record(NULL::%(table)s, %(row)s::jsonb)) "
                "WHERE id = %(id)s RETURNING id",
                table=SQL.identifier(table),
                names=SQL(", ").join(SQL.identifier(name) for name in names),
                row=json.dumps(columns),
                id=self.res_id,
            )
        )
