"""Triggers that protect the reference from an identifier to its record.

An identifier refers to a record by model name and id, for which PostgreSQL has no
foreign key. Two triggers replace one: the trigger on ``interop_identifier`` (see
``interop_identifier_anchor.py``), and the trigger created here on the table of each
kind of record.
"""

from odoo.tools import SQL
from odoo.tools.sql import table_exists

# The upsert comes first. A transaction with a snapshot that is too old to see a new
# identifier then fails with a serialization error, as with a real foreign key.
_FUNCTION = """
CREATE OR REPLACE FUNCTION interop_identifier_of_deleted() RETURNS trigger AS $$
DECLARE
    kind text := TG_ARGV[0];
    survivor integer;
    policy text;
BEGIN
    INSERT INTO interop_identifier_anchor AS anchor (res_model, res_id)
    VALUES (kind, OLD.id)
    ON CONFLICT (res_model, res_id) DO UPDATE SET res_id = EXCLUDED.res_id
    RETURNING anchor.survivor_id INTO survivor;
    IF EXISTS (SELECT FROM interop_identifier
                WHERE res_model = kind AND res_id = OLD.id)
       OR EXISTS (SELECT FROM interop_identifier_anchor
                   WHERE res_model = kind AND survivor_id = OLD.id) THEN
        SELECT on_delete INTO policy FROM interop_identifier_model WHERE model = kind;
        IF policy = 'cascade' THEN
            DELETE FROM interop_identifier WHERE res_model = kind AND res_id = OLD.id;
            UPDATE interop_identifier_anchor SET survivor_id = NULL
             WHERE res_model = kind AND survivor_id = OLD.id;
        ELSE
            RAISE EXCEPTION
                'This record cannot be deleted, because other systems refer to it by '
                'its identifiers (%, %). Archive it instead.', kind, OLD.id
                USING ERRCODE = 'foreign_key_violation',
                      CONSTRAINT = 'interop_identifier_of_record',
                      TABLE = 'interop_identifier';
        END IF;
    END IF;
    IF survivor IS NULL THEN
        DELETE FROM interop_identifier_anchor
         WHERE res_model = kind AND res_id = OLD.id;
    END IF;
    RETURN OLD;
END;
$$ LANGUAGE plpgsql;
"""
TRIGGER = "interop_identifier_of_deleted"
FOREIGN_KEY = "interop_identifier_res_model_kind_fkey"
# Advisory lock, so that two workers which start together create a missing trigger once.
_LOCK = 7234101


def create_function(cr):
    """Create or replace the function that the triggers call."""
    cr.execute(_FUNCTION)


def ensure_foreign_key(cr):
    """Delete the identifiers of a kind when its app is uninstalled.

    The foreign key needs a unique constraint that Odoo creates after all models are
    loaded.
    """
    cr.execute(
        "SELECT array_agg(conname) FROM pg_constraint WHERE conname IN %s",
        [(FOREIGN_KEY, "interop_identifier_model_model_uniq")],
    )
    if cr.fetchone()[0] != ["interop_identifier_model_model_uniq"]:
        return  # exists already, or not possible yet
    cr.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    cr.execute(
        SQL(
            "ALTER TABLE interop_identifier ADD CONSTRAINT %s FOREIGN KEY (res_model) "
            "REFERENCES interop_identifier_model (model) ON DELETE CASCADE",
            SQL.identifier(FOREIGN_KEY),
        )
    )


def ensure_trigger(cr, table, model):
    """Create the trigger on the table of a model if it is missing."""
    if not table_exists(cr, table) or _has_trigger(cr, table):
        return
    cr.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if _has_trigger(cr, table):
        return
    cr.execute(
        SQL(
            "CREATE TRIGGER %s BEFORE DELETE ON %s "
            "FOR EACH ROW EXECUTE FUNCTION interop_identifier_of_deleted(%s)",
            SQL.identifier(TRIGGER),
            SQL.identifier(table),
            model,
        )
    )


def drop_trigger(cr, table):
    """Remove the trigger from a table if both exist."""
    if table and table_exists(cr, table):
        cr.execute(
            SQL(
                "DROP TRIGGER IF EXISTS %s ON %s",
                SQL.identifier(TRIGGER),
                SQL.identifier(table),
            )
        )


def drop_function(cr):
    """Remove the function and all remaining triggers that call it."""
    cr.execute("DROP FUNCTION IF EXISTS interop_identifier_of_deleted() CASCADE")
    cr.execute("DROP FUNCTION IF EXISTS interop_identifier_anchor_record() CASCADE")


def _has_trigger(cr, table):
    cr.execute(
        "SELECT 1 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE t.tgname = %s AND c.relname = %s "
        "AND c.relnamespace = current_schema::regnamespace",
        [TRIGGER, table],
    )
    return bool(cr.fetchone())
