"""Search of messages by key, id or record name, and labels of causes."""

import hashlib
import re

from odoo.fields import Domain
from odoo.tools import SQL

from ... import const

MAX_KEY = 255  # characters of a key in clear
FEW_FOUND = 1000  # messages that a search by business key lists by id
OPERATORS = ("=", "ilike", "=ilike", "like", "in")


class MessageSearch:
    """Search the log with its indexes only, because it has millions of rows.

    :param messages: ``interop.message`` with the rights of the user
    """

    def __init__(self, messages):
        self.messages = messages
        self.env = messages.env

    def by_key(self, operator, value):
        """Return the domain of a business key, in clear or by blind index."""
        if operator not in OPERATORS:
            return NotImplemented
        values = [value] if isinstance(value, str) else list(value or [])
        values = [item for item in values if isinstance(item, str) and item.strip()]
        if not values:
            return Domain.FALSE
        vault = self.env["interop.vault"]
        known = vault._available()
        blind = [vault._blind("business_key", item) for item in values] if known else []
        prefixes = [] if operator in ("=", "in") else values
        self.messages.flush_model(["business_key", "business_key_index"])

        def to_sql(model, alias, query):
            return _key_condition(alias, values, prefixes, blind)

        # No ORDER BY: for a rare key, PostgreSQL would read the log backwards by id.
        self.env.cr.execute(
            SQL(
                "SELECT id FROM interop_message WHERE %s LIMIT %s",
                to_sql(self.messages, self.messages._table, None),
                FEW_FOUND + 1,
            ),
            log_exceptions=False,
        )
        ids = [message_id for (message_id,) in self.env.cr.fetchall()]
        if len(ids) <= FEW_FOUND:
            return Domain("id", "in", ids)
        return Domain.custom(to_sql=to_sql)

    def by_anything(self, operator, value):
        """Return the domain of an id, a business key or the name of a record."""
        if operator not in OPERATORS:
            return NotImplemented
        values = [value] if isinstance(value, str) else list(value or [])
        values = [item.strip() for item in values if isinstance(item, str)]
        values = [item for item in values if item]
        if not values:
            return Domain.FALSE
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id FROM interop_message"
            " WHERE external_id = ANY(%(values)s) OR correlation_id = ANY(%(values)s)"
            " LIMIT %(limit)s",
            {"values": values, "limit": FEW_FOUND},
            log_exceptions=False,
        )
        exact = [message_id for (message_id,) in self.env.cr.fetchall()]
        if exact:  # an id matches no name, so no further search is needed
            return Domain("id", "in", exact)
        keys = values[0] if len(values) == 1 else values
        return Domain.OR(
            [Domain("search_key", operator, keys), *self._record_domains(values)]
        )

    def _record_domains(self, names):
        """Return domains of the messages about records that the user finds by name."""
        # Read each model once by its index: the log has millions of rows and few models.
        self.env.cr.execute(
            """WITH RECURSIVE object(name) AS (
                   SELECT min(res_model) FROM interop_message
                    UNION ALL
                   SELECT (SELECT min(m.res_model) FROM interop_message m
                            WHERE m.res_model > object.name)
                     FROM object WHERE object.name IS NOT NULL)
               SELECT name FROM object WHERE name IS NOT NULL"""
        )
        domains = []
        for (model,) in self.env.cr.fetchall():
            records = self.env.get(model)
            if records is None or not records.sudo(False).has_access("read"):
                continue
            records = records.sudo(False)
            ids = {
                record_id
                for name in names
                for record_id, _label in records.name_search(name, limit=FEW_FOUND)
            }
            if ids:
                domains.append(
                    Domain("res_model", "=", model) & Domain("res_id", "in", list(ids))
                )
        return domains

    def label_causes(self, domain, groups):
        """Replace each fingerprint by an error message that the user may read.

        The last four characters stay, because two causes may have the same text.
        """
        causes = [group["cause"] for group in groups if group["cause"]]
        texts = dict(
            self.messages._read_group(
                Domain(domain) & Domain("cause", "in", causes),
                ["cause"],
                ["error_message:max"],
            )
        )
        for group in groups:
            if text := texts.get(group["cause"]):
                group["cause"] = f"{text[:100]} · {group['cause'][-4:]}"


def stored_keys(env, data_class, business_key, ordering_key):
    """Return the key columns of a message, with blind indexes for protected classes."""
    if data_class not in const.PROTECTED_CLASSES:
        # A longer key does not fit in an index. The digest keeps ordering keys distinct.
        if len(ordering_key or "") > MAX_KEY:
            digest = hashlib.sha256(ordering_key.encode()).hexdigest()
            ordering_key = f"{ordering_key[: MAX_KEY - len(digest)]}{digest}"
        return {
            "business_key": (business_key or "")[:MAX_KEY] or None,
            "business_key_index": None,
            "ordering_key": ordering_key or None,
        }

    def blind(name, key):
        # Messages without a key have no order. An empty text would be a shared key.
        return env["interop.vault"]._blind(name, key) if key else None

    return {
        "business_key": None,
        "business_key_index": blind("business_key", business_key),
        "ordering_key": blind("ordering_key", ordering_key),
    }


def _key_condition(alias, values, prefixes, blind):
    """Return the SQL of a key among ``values``, with one of ``prefixes``, or with one of
    the ``blind`` indexes. Each part uses a separate index."""
    key = SQL.identifier(alias, "business_key")
    lowered = [value.lower() for value in values]
    # One index serves both: the exact key is looked up by its lower case.
    parts = [SQL("(lower(%s) = ANY(%s) AND %s = ANY(%s))", key, lowered, key, values)]
    parts += [SQL("lower(%s) LIKE lower(%s)", key, _prefix(item)) for item in prefixes]
    if blind:
        hidden = SQL.identifier(alias, "business_key_index")
        parts.append(SQL("%s = ANY(%s)", hidden, blind))
    return SQL("(%s)", SQL(" OR ").join(parts))


def _prefix(text):
    """Return the LIKE pattern of texts that begin with the literal ``text``."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"
