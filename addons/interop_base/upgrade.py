"""Helpers for migration scripts that move models, fields and records to another addon.

The module in the external identifier decides which addon owns a record, model, field or
constraint. At the end of an upgrade, Odoo deletes everything that its addon no longer
defines. Therefore the first script that runs (``pre`` of ``interop_base``, or of the
addon that loses something) writes the new addon into the external identifiers, before
any data file is loaded.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Move:
    """A list of things that move from one addon to another; see :func:`move`."""

    source: str
    target: str
    # Names of models. Their fields, selections, constraints, relations, access rights,
    # record rules, views, actions and scheduled actions move with them.
    models: tuple[str, ...] = ()
    # Fields of models that do not move, such as "interop.interface.mapping_ids".
    fields: tuple[str, ...] = ()
    # Indexes and constraints of models that do not move, by their PostgreSQL names.
    constraints: tuple[str, ...] = ()
    # External identifiers of other records (menus, groups, views, jobs, data), without
    # the module.
    records: tuple[str, ...] = ()


# Records that move with their model, each as a query that selects their ids.
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
# The same for fields of models that do not move, as "model.field".
OF_FIELDS = {
    "ir.model.fields": """
        SELECT id FROM ir_model_fields WHERE model || '.' || name = ANY(%(fields)s)""",
    "ir.model.fields.selection": """
        SELECT s.id FROM ir_model_fields_selection s
          JOIN ir_model_fields f ON f.id = s.field_id
         WHERE f.model || '.' || f.name = ANY(%(fields)s)""",
}
# Database names that belong to such fields: foreign keys and relation tables.
OF_FIELDS_IN_DATABASE = """
    SELECT replace(model, '.', '_') || '_' || name || '_fkey' FROM ir_model_fields
     WHERE model || '.' || name = ANY(%(fields)s)
     UNION
    SELECT relation_table FROM ir_model_fields
     WHERE model || '.' || name = ANY(%(fields)s) AND relation_table IS NOT NULL"""


def move(cr, *moves):
    """Write the new addon into all external identifiers that move; return their number.

    A thing that does not exist, or that has moved already, is ignored.

    :param Cursor cr: cursor of the upgrade, in a ``pre`` script of the first addon
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
    """Update the external identifiers that match a condition; return their number."""
    cr.execute(
        f"""UPDATE ir_model_data SET module = %(target)s
             WHERE module = %(source)s AND {condition}
               AND name NOT IN (
                   SELECT name FROM ir_model_data WHERE module = %(target)s)""",
        values,
    )
    return cr.rowcount


def _own_schema(cr, values):
    """Update the module of constraints, indexes and relation tables."""
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
    """Install these addons and their dependencies in the running upgrade.

    For addons that take over a part of an installed one. Addons that are installed, or
    will be, do not change.
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
    """Return whether all these addons are installed, before or after their upgrade."""
    cr.execute(
        """SELECT count(*) FROM ir_module_module
            WHERE name = ANY(%s) AND state IN ('installed', 'to upgrade')""",
        [list(addons)],
    )
    return cr.fetchone()[0] == len(addons)


def upgrade_dependants(cr, addon):
    """Upgrade all direct and indirect dependants of an addon in the running upgrade.

    Odoo does this itself, except for dependants of a new addon that was not installed
    when the upgrade began.
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
    """Let new addons load the records of an installed addon as an upgrade.

    An installation writes all records of the data files. This includes records that an
    administrator may have changed (``noupdate``), and records that cannot be changed
    any more, such as published contracts. An upgrade does not write them.

    :param str version: version of the addon that loses the records, before this upgrade
    """
    install(cr, *addons)
    cr.execute(
        """UPDATE ir_module_module SET state = 'to upgrade', latest_version = %s
            WHERE name = ANY(%s) AND state = 'to install'""",
        [version, list(addons)],
    )
