"""Numbers that two records share until a steward decides which record has them."""

from .. import const


class HeldNumbers:
    """Compares held identifiers with the active identifiers of the same number.

    :param identifiers: ``interop.identifier`` without records, in the environment whose
        access rights count
    """

    def __init__(self, identifiers):
        self.identifiers = identifiers.browse()

    def held_twice(self, record):
        """Return the held identifiers of ``record`` whose number it also has as active
        or alias."""
        return self._held((record._name, record.id)).filtered(
            lambda row: self._holder(row)._identifies(record)
        )

    def give(self, about, other, reason=""):
        """Give the shared numbers to ``about`` after a steward decided that it differs
        from ``other``.

        :param tuple about: ``(model, id)``, as ``other``
        :param str reason: reason in words; kept permanently, so without personal data
        """
        for row in self._held(about):
            holder = self._holder(row)
            if (holder.res_model, holder.res_id) == other:
                holder._set_entered_in_error(reason=reason)
                row._set_active(reason=reason)
        for row in self._held(other):
            holder = self._holder(row)
            if (holder.res_model, holder.res_id) == about:
                row._set_entered_in_error(reason=reason)

    def _held(self, record):
        """Return the held identifiers of a record ``(model, id)``."""
        model, res_id = record
        return self.identifiers.search(
            [
                ("res_model", "=", model),
                ("res_id", "=", res_id),
                ("state", "=", const.HELD),
            ],
            order="id",
        )

    def _holder(self, row):
        """Return the active identifier or alias with the number of ``row``."""
        return self.identifiers.search(
            [
                ("namespace_id", "=", row.namespace_id.id),
                ("value_normalized", "=", row.value_normalized),
                ("state", "in", const.LOOKUP_STATES),
            ],
            limit=1,
        )
