"""Groups of the log that do not read a table of millions."""

from odoo import api, models
from odoo.fields import Domain

from ... import const
from .message_search import MessageSearch

_PLAIN_ORDERS = (None, "", "state", "state ASC")


class InteropMessageGroupMixin(models.AbstractModel):
    """Counts finished messages from the count of all messages: no index names the state,
    and all other states are found in the queue or in an index of few rows."""

    _name = "interop.message.group.mixin"
    _description = "Groups of Messages"

    @api.model
    def _read_group(
        self,
        domain,
        groupby=(),
        aggregates=(),
        having=(),
        offset=0,
        limit=None,
        order=None,
    ):
        """Return groups as usual; those by state alone are counted without the table."""
        counted = set(aggregates) <= {"__count"} and not having and not offset
        if list(groupby) != ["state"] or not counted or order not in _PLAIN_ORDERS:
            return super()._read_group(
                domain, groupby, aggregates, having, offset, limit, order
            )
        domain = Domain(domain)
        others = []
        for states in (const.OPEN_STATES, const.WITHDRAWN_STATES):  # an index for each
            others += super()._read_group(
                domain & Domain("state", "in", states), ["state"], ["__count"]
            )
        done = self.search_count(domain) - sum(count for _state, count in others)
        groups = sorted([*others, *([("done", done)] if done else [])])[:limit]
        width = 1 + len(aggregates)
        return [(state, *[count] * (width - 1)) for state, count in groups]

    @api.model
    def formatted_read_group(self, domain, groupby=(), *args, **kwargs):
        """Group as usual, but label a cause with its error message."""
        groups = super().formatted_read_group(domain, groupby, *args, **kwargs)
        if "cause" in groupby:
            MessageSearch(self).label_causes(domain, groups)
        return groups
