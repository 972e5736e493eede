"""Undoing a merge of contacts by which Odoo removed the prior one."""

import json

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.sql import table_columns

# (table, column of the model's name): rows that point at a record by its name and id
GENERIC = [
    ("ir_attachment", "res_model"),
    ("mail_followers", "res_model"),
    ("mail_activity", "res_model"),
    ("mail_message", "model"),
    ("ir_model_data", "model"),
]


class InteropIdentifierMerge(models.Model):
    """Everything that pointed at the prior record is noted before core moves it."""

    _inherit = "interop.identifier.merge"

    removed = fields.Boolean(
        "Prior Removed",
        readonly=True,
        help="Odoo's Merge contacts removed the prior record. Undoing makes it anew.",
    )
    # {"row": columns, "survivor": columns before, "pointers": [...], "links": [...],
    #  "lost": [words]}; holds what the removed contact held.
    snapshot = fields.Json(readonly=True, groups=fields.NO_ACCESS)

    # ------------------------------------------------------------------
    # Noting
    # ------------------------------------------------------------------
    def _note_removal(self, record, survivor, wizard):
        """Note what Odoo's merge is about to move away from ``record`` and remove."""
        lines = self.env["interop.identifier.merge.line"]
        pointers, links = self._foreign_pointers(record, survivor, wizard)
        self.write(
            {
                "removed": True,
                "snapshot": {
                    "row": lines._raw(record)[record.id],
                    "survivor": lines._raw(survivor)[survivor.id],
                    "pointers": pointers + self._generic_pointers(record),
                    "links": links,
                    "lost": self._lost(record, survivor),
                },
            }
        )

    @api.model
    def _foreign_pointers(self, record, survivor, wizard):
        """Return ``(pointers, links)``: rows with an id and rows of plain relations."""
        pointers, links = [], []
        for table, column in wizard._get_fk_on(record._table):
            if table.startswith("base_partner_merge_"):
                continue
            columns = table_columns(self.env.cr, table)
            if "id" in columns:
                pointers.append(self._pointer(table, column, record.id))
            elif len(columns) == 2:
                other = next(name for name in columns if name != column)
                links.append(self._link_rows(table, column, other, record, survivor))
        return [item for item in pointers if item["ids"]], [
            item for item in links if item["prior"]
        ]

    @api.model
    def _pointer(self, table, column, value, where=None):
        """Return which rows hold ``value`` in ``column``."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM %s WHERE %s = %s AND %s ORDER BY id",
                SQL.identifier(table),
                SQL.identifier(column),
                value,
                where or SQL("TRUE"),
            )
        )
        return {"table": table, "column": column, "ids": [row[0] for row in rows]}

    @api.model
    def _link_rows(self, table, column, other, record, survivor):
        """Return what record and survivor are linked to in a relation table."""
        query = SQL(
            "SELECT %s FROM %s WHERE %s = ",
            SQL.identifier(other),
            SQL.identifier(table),
            SQL.identifier(column),
        )
        found = [
            [row[0] for row in self.env.execute_query(SQL("%s%s", query, rec_id))]
            for rec_id in (record.id, survivor.id)
        ]
        return {
            "table": table,
            "column": column,
            "other": other,
            "prior": found[0],
            "survivor": found[1],
        }

    @api.model
    def _generic_pointers(self, record):
        """Return the rows that point at ``record`` by the name of its model."""
        pointers = []
        for table, column in GENERIC:
            if table_columns(self.env.cr, table):
                where = SQL("%s = %s", SQL.identifier(column), record._name)
                pointers.append(self._pointer(table, "res_id", record.id, where))
        return [item for item in pointers if item["ids"]]

    @api.model
    def _lost(self, record, survivor):
        """Return in words what undoing will not bring back."""
        lost = []
        self.env.cr.execute(
            "SELECT 1 FROM ir_attachment WHERE res_model = %s AND res_id = %s "
            "AND res_field IS NOT NULL LIMIT 1",
            [record._name, record.id],
        )
        if self.env.cr.fetchone():
            lost.append(self.env._("The picture of the removed contact."))
        if survivor.company_id and (record | survivor).user_ids:
            lost.append(self.env._("The company of the user."))
        for field in self.env.registry.many2one_company_dependents[record._name]:
            model = self.env[field.model_name]
            self.env.cr.execute(
                SQL(
                    "SELECT 1 FROM %s WHERE %s IS NOT NULL AND EXISTS (SELECT 1 "
                    "FROM jsonb_each_text(%s) WHERE value = %s) LIMIT 1",
                    SQL.identifier(model._table),
                    SQL.identifier(field.name),
                    SQL.identifier(field.name),
                    str(record.id),
                )
            )
            if self.env.cr.fetchone():
                label = field._description_string(self.env)
                lost.append(f"{model._description}: {label}.")
        return lost

    @api.model
    def _note_survivor(self, records, survivor):
        """Note which columns of ``survivor`` core has filled, and from whom."""
        lines = self.env["interop.identifier.merge.line"]
        after = lines._raw(survivor)[survivor.id]
        merges = self._open_of(records).filtered("snapshot").sorted("id")
        taken = set()
        for merge in merges[::-1]:
            row, before = merge.snapshot["row"], merge.snapshot["survivor"]
            changed = {
                name
                for name in after
                if after[name] != before[name]
                and name not in taken
                and (merge == merges[0] or after[name] == row[name])
            }
            taken |= changed
            if changed:
                lines.create(
                    {
                        "merge_id": merge.id,
                        "res_model": survivor._name,
                        "res_id": survivor.id,
                        "before": {name: before[name] for name in changed},
                        "after": {name: after[name] for name in changed},
                    }
                )

    # ------------------------------------------------------------------
    # Making anew
    # ------------------------------------------------------------------
    def _restore_record(self):
        kept = super()._restore_record()
        snapshot = self.snapshot
        model = self.env[self.res_model]
        if not snapshot or model.browse(self.merged_id).exists():
            return kept
        kept += snapshot["lost"]
        kept += self._insert_row(model, dict(snapshot["row"]))
        root = self.env["interop.identifier.anchor"]._roots(
            self.res_model, [self.survivor_id]
        )[self.survivor_id]
        holders = [self.survivor_id, root]
        for pointer in snapshot["pointers"]:
            kept += self._point_back(pointer, holders)
        for link in snapshot["links"]:
            kept += self._link_back(link, holders)
        self.write({"snapshot": False, "removed": False})
        self.env.invalidate_all()
        return kept

    def _insert_row(self, model, row):
        """Insert the removed record under its own id; return what it lost."""
        kept = []
        for name, field in model._fields.items():
            if field.type != "many2one" or not field.store or not row.get(name):
                continue
            if field.company_dependent or row[name] == row["id"]:
                continue
            target = self.env[field.comodel_name].browse(row[name])
            if not target.exists():
                row[name] = None
                kept.append(
                    self.env._(
                        "%s: removed since.", field._description_string(self.env)
                    )
                )
        columns = [
            name for name in table_columns(self.env.cr, model._table) if name in row
        ]
        names = SQL(", ").join(SQL.identifier(name) for name in columns)
        query = SQL(
            "INSERT INTO %(table)s (%(names)s) SELECT %(names)s "
            "FROM jsonb_populate_record(NULL::%(table)s, %(row)s::jsonb)",
            table=SQL.identifier(model._table),
            names=names,
            row=json.dumps(row),
        )
        try:
            with self.env.cr.savepoint():
                self.env.cr.execute(query, log_exceptions=False)
        except psycopg2.IntegrityError as error:
            raise UserError(
                self.env._(
                    "%(merge)s cannot be undone: the removed contact cannot be made "
                    "anew, since another record has taken its place (%(constraint)s).",
                    merge=self.display_name,
                    constraint=error.diag.constraint_name,
                )
            ) from error
        return kept

    def _point_back(self, pointer, holders):
        """Let rows point at the prior record again that still point at the
        survivor."""
        if not table_columns(self.env.cr, pointer["table"]):
            return [self.env._("%s: the table is gone.", pointer["table"])]
        query = SQL(
            "UPDATE %(table)s SET %(column)s = %(prior)s WHERE id = ANY(%(ids)s) "
            "AND %(column)s = ANY(%(holders)s) RETURNING id",
            table=SQL.identifier(pointer["table"]),
            column=SQL.identifier(pointer["column"]),
            prior=self.merged_id,
            ids=pointer["ids"],
            holders=holders,
        )
        try:
            with self.env.cr.savepoint():
                self.env.cr.execute(query, log_exceptions=False)
                count = len(self.env.cr.fetchall())
        except psycopg2.IntegrityError:
            count = 0
        missing = len(pointer["ids"]) - count
        if not missing:
            return []
        return [
            self.env._(
                "%(table)s.%(column)s: %(count)s of %(all)s rows were removed or "
                "changed.",
                count=missing,
                all=len(pointer["ids"]),
                **{name: pointer[name] for name in ("table", "column")},
            )
        ]

    def _link_back(self, link, holders):
        """Give the prior record its links back, and take from the survivor what it got
        by the merge only."""
        if not table_columns(self.env.cr, link["table"]):
            return [self.env._("%s: the table is gone.", link["table"])]
        names = {
            name: SQL.identifier(link[name]) for name in ("table", "column", "other")
        }
        gained = [value for value in link["prior"] if value not in link["survivor"]]
        self.env.cr.execute(
            SQL(
                "DELETE FROM %(table)s WHERE %(column)s = ANY(%(holders)s) "
                "AND %(other)s = ANY(%(gained)s)",
                holders=holders,
                gained=gained,
                **names,
            )
        )
        missing = 0
        for value in link["prior"]:
            query = SQL(
                "INSERT INTO %(table)s (%(column)s, %(other)s) "
                "VALUES (%(prior)s, %(value)s) ON CONFLICT DO NOTHING",
                prior=self.merged_id,
                value=value,
                **names,
            )
            try:
                with self.env.cr.savepoint():
                    self.env.cr.execute(query, log_exceptions=False)
            except psycopg2.IntegrityError:
                missing += 1
        if not missing:
            return []
        return [
            self.env._(
                "%(table)s: %(count)s links lead to what was removed.",
                table=link["table"],
                count=missing,
            )
        ]
