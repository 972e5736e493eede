"""Provenance: the last source of each value of a governed record, and its statements."""

from collections import defaultdict

from psycopg2.extras import Json

from odoo import api, fields, models

from odoo.addons.interop_base import clock, db
from odoo.addons.interop_base.models import resources

_INSERT = """
INSERT INTO interop_provenance AS p
       (res_model, res_id, field_name, company_id, system_id, message_id, message_ref,
        user_id, set_at, occurred_at, stated)"""
_ROWS = """
VALUES %s"""
# Columns that all rows of one record share are passed once, not in every row.
_FIELDS = """
SELECT %s, %s, name, %s, %s, %s, %s, %s, %s, %s, %s FROM unnest(%s) AS name"""
# The stored statement stays unless the new one is newer by the rule of
# ``statement.is_newer``. Two times of a clock in the future are compared with each
# other, then two places in a stream. Without a stored statement every condition is
# false.
_UPSERT = """
ON CONFLICT (res_model, res_id, field_name) DO UPDATE
   SET stated = p.stated || CASE WHEN EXCLUDED.system_id IS NULL OR EXISTS (
       SELECT FROM string_to_array(p.stated ->> EXCLUDED.system_id::text, '/') AS known,
                   string_to_array(EXCLUDED.stated ->> EXCLUDED.system_id::text, '/')
                   AS fresh
        WHERE (CASE WHEN known[4] > '' AND fresh[4] > '' THEN known[4]
                    ELSE rtrim(known[1], 'Z') END COLLATE "C",
               COALESCE(CASE WHEN fresh[2] > '' THEN known[2] END, '') COLLATE "C")
           >= (CASE WHEN known[4] > '' AND fresh[4] > '' THEN fresh[4]
                    ELSE fresh[1] END COLLATE "C",
               COALESCE(CASE WHEN known[2] > '' THEN fresh[2] END, '') COLLATE "C"))
       THEN '{}'::jsonb ELSE EXCLUDED.stated END"""
_TAKE_OVER = """,
       company_id = EXCLUDED.company_id, system_id = EXCLUDED.system_id,
       message_id = EXCLUDED.message_id, message_ref = EXCLUDED.message_ref,
       user_id = EXCLUDED.user_id, set_at = EXCLUDED.set_at,
       occurred_at = EXCLUDED.occurred_at"""


class InteropProvenance(models.Model):
    """One row per record and field, written by SQL in sets and never by users.

    ``stated`` contains, per system, when its last statement about the field became true
    (``tools.statement``). So a stale message is recognized although another author
    changed the value since. No row contains a value.
    """

    _name = "interop.provenance"
    _description = "Provenance of a Value"
    _order = "id desc"  # the primary key, so that the list opens quickly with millions of rows
    _log_access = False

    res_model = fields.Char("Object", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record ID", model_field="res_model", required=True, readonly=True
    )
    record_name = fields.Char("Record", compute="_compute_names")
    field_name = fields.Char(required=True, readonly=True)
    field_label = fields.Char("Field", compute="_compute_names")
    company_id = fields.Many2one(
        "res.company", "Facility", readonly=True, ondelete="cascade"
    )
    system_id = fields.Many2one(
        "interop.system",
        "Set by System",
        readonly=True,
        ondelete="restrict",
        help="The system that sent the value. Empty if the value was set in Odoo.",
    )
    message_id = fields.Many2one(
        "interop.message",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    message_ref = fields.Char(
        "Message ID",
        readonly=True,
        help="Id of the message that set the value. It stays after retention "
        "removed the message.",
    )
    user_id = fields.Many2one(
        "res.users", readonly=True, ondelete="set null", index="btree_not_null"
    )
    set_at = fields.Datetime("Set On", required=True, readonly=True)
    occurred_at = fields.Datetime(
        "True Since",
        readonly=True,
        help="Time at which the value became true, as the sender states it.",
    )
    stated = fields.Json("Last Statements", required=True, readonly=True)

    # Ensures one row per value, and serves queries by record.
    _value_uniq = models.UniqueIndex(
        "(res_model, res_id, field_name)",
        "A value has exactly one provenance. This one already exists.",
    )
    # For the matrix: systems that write a field in a facility.
    _writer_idx = models.Index("(system_id, res_model, field_name, company_id)")

    # === COMPUTE METHODS === #

    @api.depends("res_model", "res_id", "field_name")
    @api.depends_context("uid", "lang")
    def _compute_names(self):
        """Compute names with the rights of the reader; without access there is no name."""
        records = resources.readable(self)
        for row in self:
            record = records.get((row.res_model, row.res_id))
            row.record_name = record.display_name if record else ""
            model_fields = (
                self.env[row.res_model]._fields if row.res_model in self.env else {}
            )
            field = model_fields.get(row.field_name)
            row.field_label = field._description_string(self.env) if field else ""

    # === WRITING === #

    @api.model
    @api.private
    def _note_message(self, record, scope, names, confirmed=False):
        """Store the statements of the message of ``scope`` about one record.

        A confirmed value keeps its source. If it has none, the message becomes its
        source. The times of statements never decrease.

        :param record: governed record
        :param scope: ``origin.Applying``
        :param names: fields that the message changed, or confirmed
        """
        source = (
            scope.company_id or None,
            scope.system_id,
            scope.message_id,
            scope.external_id,
            self.env.uid,
            clock.now(),
            scope.occurred_at or clock.now(),
            Json({str(scope.system_id): scope.stated}),
        )
        if names:
            db.execute(
                self.env.cr,
                _INSERT + _FIELDS + _UPSERT + ("" if confirmed else _TAKE_OVER),
                [record._name, record.id, *source, sorted(names)],
            )
        self.invalidate_model(flush=False)

    @api.model
    @api.private
    def _note_edit(self, changed, ruled):
        """Store the changes by users and by business code of Odoo.

        Every field with a rule gets a row. Other fields get one only if a message set
        them before.

        :param dict changed: ``{record: names of changed fields}``
        :param ruled: names of the fields with a rule
        """
        now = clock.now()
        own_company = self.env["interop.event"]._own_company()
        noted, others = [], []
        for record, names in changed.items():
            # sudo: provenance is stored for changes by every user
            company = "company_id" in record._fields and record.sudo().company_id.id
            for name in sorted(names):
                target = noted if name in ruled else others
                target.append(
                    (record._name, record.id, name, company or own_company.id)
                )
        source = (None, None, None, self.env.uid, now, now, Json({}))
        db.values(
            self.env.cr,
            _INSERT + _ROWS + _UPSERT + _TAKE_OVER,
            [(*row, *source) for row in noted],
        )
        db.values(
            self.env.cr,
            """UPDATE interop_provenance p
                  SET system_id = NULL, message_id = NULL, message_ref = NULL,
                      user_id = v.user_id, set_at = v.at, occurred_at = v.at,
                      company_id = v.company_id
                 FROM (VALUES %s) AS v(res_model, res_id, field_name, company_id,
                                       user_id, at)
                WHERE p.res_model = v.res_model AND p.res_id = v.res_id
                  AND p.field_name = v.field_name""",
            [(*row, self.env.uid, now) for row in others],
        )
        self.invalidate_model(flush=False)

    @api.model
    @api.private
    def _delete_of(self, records):
        """Delete the provenance of deleted records."""
        self.env.cr.execute(
            "DELETE FROM interop_provenance WHERE res_model = %s AND res_id = ANY(%s)",
            [records._name, records.ids],
        )
        self.invalidate_model(flush=False)

    # === READING === #

    @api.model
    @api.private
    def _stated_by(self, record, system_id):
        """Return ``{field: statement}``: the last statements of the system about the
        record."""
        self.env.cr.execute(
            """SELECT field_name, stated ->> %s FROM interop_provenance
                WHERE res_model = %s AND res_id = %s AND stated ? %s""",
            [str(system_id), record._name, record.id, str(system_id)],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    @api.private
    def _sources(self, records):
        """Return ``{record id: {field: row as dict}}`` of the provenance of the
        records."""
        found = defaultdict(dict)
        if records.ids:
            self.env.cr.execute(
                """SELECT res_id, field_name, company_id, system_id, user_id,
                message_id,
                          set_at, stated
                     FROM interop_provenance WHERE res_model = %s AND res_id =
                     ANY(%s)""",
                [records._name, records.ids],
            )
            for row in self.env.cr.dictfetchall():
                found[row["res_id"]][row["field_name"]] = row
        return found


class InteropGuard(models.AbstractModel):
    """Stops messages while the unique index is missing that the provenance upsert
    relies on."""

    _inherit = "interop.guard"

    @api.model
    def _guard_indexes(self):
        return [*super()._guard_indexes(), "interop_provenance_value_uniq"]
