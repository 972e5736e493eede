"""Help for migration scripts: models, fields and records that change their addon.

A record of a data file belongs to the addon that its external identifier names, and so do
models, fields and constraints. At the end of an upgrade, Odoo deletes what an upgraded addon
no longer brings. Therefore the first script that runs (``pre`` of ``interop_base``, or of the
addon that loses something) writes the new addon into the external identifiers, before any
data file is read.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Move:
    """What leaves one addon for another one; see :func:`move`."""

    source: str
    target: str
    # Names of models. Their fields, selections, constraints, relations, access rights,
    # record rules, views, window and server actions, and scheduled actions go along.
    models: tuple[str, ...] = ()
    # Fields of models that stay, as "interop.interface.mapping_ids".
    fields: tuple[str, ...] = ()
    # Indexes and constraints of models that stay, as PostgreSQL names them.
    constraints: tuple[str, ...] = ()
    # External identifiers of other records (menus, groups, views, jobs, data), without
    # the addon.
    records: tuple[str, ...] = ()


# Records that go with their model, each as a query for their ids.
OF_MODELS = {
    "ir.model": "SELECT id FROM ir_model WHERE model = ANY(%(models)s)",
    "ir.model.fields": "SELECT id FROM ir_model_fields WHERE model = ANY(%(models)s)",
    "ir.model.fields.selection": """
        SELECT s.id FROM ir_model_fields_selection s
          JOIN ir_model_fields f ON f.id = s.field_id WHERE f.model = ANY(%(models)s)""",
    "ir.model.constraint": """
        SELECT c.id FROM ir_model_constraint c
          JOIN ir_model m ON m.id = c.model WHERE m.model = ANY(%(models)s)""",
    "ir.model.inherit": """
        SELECT i.id FROM ir_model_inherit i
          JOIN ir_model m ON m.id = i.model_id WHERE m.model = ANY(%(models)s)""",
    "ir.model.access": """
        SELECT a.id FROM ir_model_access a
          JOIN ir_model m ON m.id = a.model_id WHERE m.model = ANY(%(models)s)""",
    "ir.rule": """
        SELECT r.id FROM ir_rule r
          JOIN ir_model m ON m.id = r.model_id WHERE m.model = ANY(%(models)s)""",
    "ir.ui.view": "SELECT id FROM ir_ui_view WHERE model = ANY(%(models)s)",
    "ir.actions.act_window": """
        SELECT id FROM ir_act_window WHERE res_model = ANY(%(models)s)""",
    "ir.actions.server": """
        SELECT a.id FROM ir_act_server a
          JOIN ir_model m ON m.id = a.model_id WHERE m.model = ANY(%(models)s)""",
    "ir.cron": """
        SELECT c.id FROM ir_cron c
          JOIN ir_act_server a ON a.id = c.ir_actions_server_id
          JOIN ir_model m ON m.id = a.model_id WHERE m.model = ANY(%(models)s)""",
}
# The same for fields of models that stay, named "model.field".
OF_FIELDS = {
    "ir.model.fields": """
        SELECT id FROM ir_model_fields WHERE model || '.' || name = ANY(%(fields)s)""",
    "ir.model.fields.selection": """
        SELECT s.id FROM ir_model_fields_selection s
          JOIN ir_model_fields f ON f.id = s.field_id
         WHERE f.model || '.' || f.name = ANY(%(fields)s)""",
}
# Names in the database that belong to such fields: foreign keys and relation tables.
OF_FIELDS_IN_DATABASE = """
    SELECT replace(model, '.', '_') || '_' || name || '_fkey' FROM ir_model_fields
     WHERE model || '.' || name = ANY(%(fields)s)
     UNION
    SELECT relation_table FROM ir_model_fields
     WHERE model || '.' || name = ANY(%(fields)s) AND relation_table IS NOT NULL"""


def move(cr, *moves):
    """Write the new addon into everything that moves; return how much was renamed.

    A move of what is not there, or has moved already, changes nothing.

    :param Cursor cr: of the upgrade, in a ``pre`` script of the first addon that it concerns
    :param Move moves: applied in this order
    """
    return sum(_move(cr, each) for each in moves)


def _move(cr, moved):
    values = {
        "source": moved.source,
        "target": moved.target,
        "models": list(moved.models),
        "fields": list(moved.fields),
        "constraints": list(moved.constraints),
        "records": list(moved.records),
    }
    count = 0
    for queries in (OF_MODELS, OF_FIELDS):
        for model, query in queries.items():
            belongs = f"model = %(model)s AND res_id IN ({query})"
            count += _rename(cr, belongs, values | {"model": model})
    names = "model = 'ir.model.constraint' AND name = ANY(%(names)s)"
    xml_ids = [f"constraint_{name}" for name in moved.constraints]
    count += _rename(cr, names, values | {"names": xml_ids})
    count += _rename(cr, "name = ANY(%(records)s)", values)
    _own_schema(cr, values)
    return count


def _rename(cr, condition, values):
    """Rename the external identifiers that a condition selects; return their number."""
    cr.execute(
        f"""UPDATE ir_model_data SET module = %(target)s
             WHERE module = %(source)s AND {condition}
               AND name NOT IN (
                   SELECT name FROM ir_model_data WHERE module = %(target)s)""",
        values,
    )
    return cr.rowcount


def _own_schema(cr, values):
    """Give the target what Odoo knows of constraints, indexes and relation tables."""
    for table in ("ir_model_constraint", "ir_model_relation"):
        cr.execute(
            f"""UPDATE {table} SET module = target.id
                  FROM ir_module_module source, ir_module_module target
                 WHERE source.name = %(source)s AND target.name = %(target)s
                   AND {table}.module = source.id
                   AND ({table}.model IN (
                            SELECT id FROM ir_model WHERE model = ANY(%(models)s))
                        OR {table}.name = ANY(%(constraints)s)
                        OR {table}.name IN ({OF_FIELDS_IN_DATABASE}))
                   AND NOT EXISTS (SELECT FROM {table} other
                        WHERE other.name = {table}.name AND other.module = target.id)""",
            values,
        )


def install(cr, *addons):
    """Let the running upgrade install these addons and what they depend on.

    For addons that take over a part of an installed one. Those that are installed, or will
    be, stay as they are.
    """
    cr.execute(
        """
        WITH RECURSIVE needed(id, name) AS (
            SELECT id, name FROM ir_module_module WHERE name = ANY(%s)
             UNION
            SELECT m.id, m.name FROM needed
              JOIN ir_module_module_dependency d ON d.module_id = needed.id
              JOIN ir_module_module m ON m.name = d.name
        )
        UPDATE ir_module_module SET state = 'to install'
         WHERE id IN (SELECT id FROM needed) AND state = 'uninstalled'
        """,
        [list(addons)],
    )


def are_installed(cr, *addons):
    """Return whether all these addons are installed, upgraded or not yet."""
    cr.execute(
        """SELECT count(*) FROM ir_module_module
            WHERE name = ANY(%s) AND state IN ('installed', 'to upgrade')""",
        [list(addons)],
    )
    return cr.fetchone()[0] == len(addons)


def upgrade_dependants(cr, addon):
    """Let the running upgrade also upgrade what depends on an addon, directly or not.

    Odoo has done so already, except where a new addon, which was not installed when the
    upgrade began, stands in between.
    """
    cr.execute(
        """
        WITH RECURSIVE dependants(id, name) AS (
            SELECT id, name FROM ir_module_module WHERE name = %s
             UNION
            SELECT m.id, m.name FROM dependants
              JOIN ir_module_module_dependency d ON d.name = dependants.name
              JOIN ir_module_module m ON m.id = d.module_id
        )
        UPDATE ir_module_module SET state = 'to upgrade'
         WHERE id IN (SELECT id FROM dependants) AND state = 'installed'
        """,
        [addon],
    )


def take_over(cr, version, *addons):
    """Let new addons take over records of an installed one, as an upgrade of theirs.

    While an addon is installed, Odoo writes all records of its data files, also those that
    an administrator may have changed (``noupdate``) and those that cannot change any more,
    such as published contracts. An upgrade leaves them alone.

    :param str version: of the addon that loses the records, before this upgrade
    """
    install(cr, *addons)
    cr.execute(
        """UPDATE ir_module_module SET state = 'to upgrade', latest_version = %s
            WHERE name = ANY(%s) AND state = 'to install'""",
        [version, list(addons)],
    )
