"""Compiled mappings of one transaction: a loop of savepoints publishes record by record."""

KEY = "interop.mapping.compiled"  # in the cache of the cursor
# Kinds of lines that look nothing up for the records of a batch.
KEPT_KINDS = {"constant", "field"}


def compiled(handler, mapping, records):
    """Return ``build(record) -> data`` of a mapping.

    For single records it is compiled once per transaction, unless a kind of line looks
    something up for them.

    :param handler: ``interop.handler.mapping`` in the facility of the records
    :param mapping: ``interop.mapping``
    :param records: all records of the batch
    """
    if len(records) > 1 or {line.kind for line in mapping.line_ids} - KEPT_KINDS:
        return handler._compile_mapping(mapping, records)
    known = handler.env.cr.cache.setdefault(KEY, {})
    company = handler.env.company
    key = mapping.id, handler.env.uid, company.id, company.partner_id.tz
    if key not in known:
        known[key] = handler._compile_mapping(mapping, records)
    return known[key]


def forget(env):
    """Compile mappings again: a mapping or a value map was changed."""
    env.cr.cache.pop(KEY, None)
