"""Records to which others refer by model and id."""

from collections import defaultdict


def keeps_records(env, name):
    """Return whether the model ``name`` exists and stores records in a table."""
    model = env.get(name)
    return (
        model is not None
        and not model._abstract
        and not model._transient
        and model._auto
    )


def readable(rows):
    """Return ``{(model, id): record}`` of existing records that the user may read.

    One or two queries per model, independent of the number of rows.

    :param rows: records with ``res_model`` and ``res_id``
    """
    ids_by_model = defaultdict(set)
    for row in rows.filtered("res_id"):
        if row.res_model in rows.env:
            ids_by_model[row.res_model].add(row.res_id)
    found = {}
    for model, ids in ids_by_model.items():
        records = rows.env[model].sudo(False).browse(ids).exists()
        for record in records._filtered_access("read"):
            found[model, record.id] = record
    return found
