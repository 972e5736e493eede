"""One row per identified record, which links and merges of the record lock."""

from odoo import api, fields, models
from odoo.tools import SQL

# This trigger runs for every new identifier, however it is inserted. If another
# transaction linked to or merged the same record meanwhile, the upsert fails with a
# serialization error and Odoo repeats the request. So an old snapshot neither loses an
# identifier nor makes a second active one.
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION interop_identifier_anchor_record() RETURNS trigger AS $$
DECLARE
    survivor integer;
    record_table text;
    present integer;
    never boolean;
    retired_before timestamp;
BEGIN
    INSERT INTO interop_identifier_anchor AS anchor (res_model, res_id)
    VALUES (NEW.res_model, NEW.res_id)
    ON CONFLICT (res_model, res_id) DO UPDATE SET res_id = EXCLUDED.res_id
    RETURNING anchor.survivor_id INTO survivor;
    IF survivor IS NOT NULL THEN
        RAISE EXCEPTION
            'This record has been merged into another one (%, %). Add the '
            'identifier to the survivor.', NEW.res_model, survivor
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'interop_identifier_of_survivor',
                  TABLE = 'interop_identifier';
    END IF;
    SELECT table_name INTO record_table
      FROM interop_identifier_model WHERE model = NEW.res_model;
    IF record_table IS NOT NULL THEN
        EXECUTE format('SELECT 1 FROM %I WHERE id = $1 FOR KEY SHARE', record_table)
           INTO present USING NEW.res_id;
    END IF;
    IF present IS NULL THEN
        RAISE EXCEPTION
            'The record does not exist, or records of its kind cannot have '
            'identifiers (%, %).',
            NEW.res_model, NEW.res_id
            USING ERRCODE = 'foreign_key_violation',
                  CONSTRAINT = 'interop_identifier_of_record',
                  TABLE = 'interop_identifier';
    END IF;
    IF NEW.state = 'active' AND (TG_OP = 'INSERT' OR OLD.state <> 'active') THEN
        -- Wait for a transaction that is retiring the same value, or fail with it.
        PERFORM FROM interop_identifier AS other
          WHERE other.namespace_id = NEW.namespace_id
            AND other.value_normalized = NEW.value_normalized
            AND other.id <> NEW.id
            FOR SHARE;
        SELECT reuse_policy = 'never', CASE reuse_policy
                   WHEN 'days' THEN now() AT TIME ZONE 'UTC'
                                    - reuse_days * interval '1 day'
               END
          INTO never, retired_before
          FROM interop_namespace WHERE id = NEW.namespace_id;
        NEW.once := never;
        IF retired_before IS NOT NULL AND EXISTS (
            SELECT FROM interop_identifier AS other
             WHERE other.namespace_id = NEW.namespace_id
               AND other.value_normalized = NEW.value_normalized
               AND other.state = 'retired'
               AND (other.res_model, other.res_id)
                   IS DISTINCT FROM (NEW.res_model, NEW.res_id)
               AND COALESCE(other.period_end, other.write_date) > retired_before
        ) THEN
            RAISE EXCEPTION
                'Another record had this identifier before, and its namespace does '
                'not re-use the value yet. Enter another value.'
                USING ERRCODE = 'check_violation',
                      CONSTRAINT = 'interop_identifier_reuse',
                      TABLE = 'interop_identifier';
        END IF;
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS interop_identifier_anchor_insert ON interop_identifier;
CREATE TRIGGER interop_identifier_anchor_insert
    BEFORE INSERT ON interop_identifier
    FOR EACH ROW EXECUTE FUNCTION interop_identifier_anchor_record();
DROP TRIGGER IF EXISTS interop_identifier_anchor_update ON interop_identifier;
CREATE TRIGGER interop_identifier_anchor_update
    BEFORE UPDATE OF res_model, res_id, state ON interop_identifier
    FOR EACH ROW
    WHEN (
        (NEW.res_model, NEW.res_id) IS DISTINCT FROM (OLD.res_model, OLD.res_id)
        OR (NEW.state = 'active' AND OLD.state <> 'active')
    )
    EXECUTE FUNCTION interop_identifier_anchor_record();
"""


class InteropIdentifierAnchor(models.Model):
    """The state of a record in merges: itself, or the survivor that it was merged into.

    Triggers of ``interop_identifier`` and merges write it; no user has access.
    ``survivor_id`` always names the last survivor, never one that was merged itself.
    """

    _name = "interop.identifier.anchor"
    _description = "Identified Record"
    _log_access = False
    _rec_name = "res_model"

    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Document ID", model_field="res_model", required=True, readonly=True
    )
    survivor_id = fields.Many2oneReference(
        "Survivor ID",
        model_field="res_model",
        readonly=True,
        help="Empty unless the record has been merged into another one.",
    )

    _record_uniq = models.UniqueIndex("(res_model, res_id)")
    _survivor_idx = models.Index("(res_model, survivor_id) WHERE survivor_id > 0")

    def init(self):
        """Create the triggers on identifiers."""
        self.env.cr.execute(_FUNCTIONS)

    @api.model
    def _roots(self, model, ids):
        """Return ``{id: id of the survivor}``; a record that was not merged maps to
        itself."""
        rows = self.env.execute_query(
            SQL(
                "SELECT res_id, survivor_id FROM interop_identifier_anchor "
                "WHERE res_model = %s AND res_id = ANY(%s) AND survivor_id > 0",
                model,
                list(ids),
            )
        )
        return {**{rec_id: rec_id for rec_id in ids}, **dict(rows)}

    @api.model
    def _lock(self, model, ids):
        """Lock these records against links and merges until this transaction ends.

        Always in the order of their ids, so that two crosswise merges queue up and do
        not deadlock.
        """
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                "INSERT INTO interop_identifier_anchor (res_model, res_id) "
                "SELECT %s, id FROM unnest(%s) AS id ORDER BY id "
                "ON CONFLICT (res_model, res_id) "
                "DO UPDATE SET res_id = EXCLUDED.res_id RETURNING res_id",
                model,
                sorted(set(ids)),
            )
        )

    @api.model
    def _lock_group(self, model, ids):
        """Lock these records, their survivors and all records merged into those.

        A merge may have to move all of them. One order for all prevents deadlocks
        between merges.

        :return: like :meth:`_roots`
        """
        locked = set()
        while True:
            roots = self._roots(model, ids)
            wanted = {*roots.keys(), *roots.values()}
            wanted |= self._followers(model, wanted)
            if wanted <= locked:
                return roots
            self._lock(model, wanted | locked)
            locked |= wanted

    @api.model
    def _followers(self, model, ids):
        """Return the ids of the records that were merged into these."""
        rows = self.env.execute_query(
            SQL(
                "SELECT res_id FROM interop_identifier_anchor "
                "WHERE res_model = %s AND survivor_id = ANY(%s) AND survivor_id > 0",
                model,
                list(ids),
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _set_survivors(self, model, survivors):
        """Store ``{id: survivor id, or None}``."""
        for survivor_id, ids in self._by_survivor(survivors).items():
            self.env.execute_query(
                SQL(
                    "UPDATE interop_identifier_anchor SET survivor_id = %s "
                    "WHERE res_model = %s AND res_id = ANY(%s) RETURNING id",
                    survivor_id,
                    model,
                    ids,
                )
            )
        self.invalidate_model()

    @api.model
    def _by_survivor(self, survivors):
        groups = {}
        for rec_id, survivor_id in survivors.items():
            groups.setdefault(survivor_id, []).append(rec_id)
        return groups
