"""Columns of sub-lists belong to the mapping of their list.

Copies of a mapping kept the columns of their sub-lists with the mapping copied from.
"""


def migrate(cr, version):
    """Set the mapping of columns, level by level; what is sent stays the same."""
    if not version:
        return
    moved = True
    while moved:
        cr.execute(
            """
            UPDATE interop_mapping_line AS line
               SET mapping_id = parent.mapping_id
              FROM interop_mapping_line AS parent
             WHERE parent.id = line.parent_id
               AND parent.mapping_id != line.mapping_id
            """
        )
        moved = cr.rowcount
