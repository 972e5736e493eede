"""Find messages that a newer message about the same record replaces."""

from collections import defaultdict

_OLD = """
SELECT id, direction, interface_id, contract_id, company_id, res_model, res_id,
       business_key, business_key_index, ordering_key, occurred_at
  FROM interop_message
 WHERE id = ANY(%s) AND NOT COALESCE(test, false)
"""
# A skipped or cancelled message replaces no other message.
_COUNTS = "NOT COALESCE(m.test, false) AND m.state NOT IN ('cancelled', 'skipped')"
# One index look-up per key, also with wrong statistics. Without the grouping, PostgreSQL
# might scan the whole log backwards for the newest message of each contract.
_NEWEST = f"""
       SELECT m.contract_id, m.ordering_key,
              m.state = 'done' OR EXISTS (
                  SELECT FROM interop_queue q
                   WHERE q.id = m.id AND q.lease_token IS NOT NULL) AS left_us, max(m.id)
         FROM interop_message m
        WHERE {{same}}
          AND m.interface_id = k.interface_id AND m.company_id = k.company_id
          AND m.direction = 'out' AND {_COUNTS}
     GROUP BY 1, 2, 3"""
_BY_RECORD = """
SELECT k.interface_id, k.company_id, k.res_model, k.res_id, n.*
  FROM unnest(%s::int[], %s::int[], %s::text[], %s::int[])
    AS k(interface_id, company_id, res_model, res_id)
 CROSS JOIN LATERAL (
{newest}) n
""".format(
    newest=_NEWEST.format(same="m.res_model = k.res_model AND m.res_id = k.res_id")
)
_BY_KEY = """
SELECT k.interface_id, k.company_id, k.key, n.*
  FROM unnest(%s::int[], %s::int[], %s::text[])
    AS k(interface_id, company_id, key)
 CROSS JOIN LATERAL (
{newest}) n
""".replace("{newest}", _NEWEST.format(same="{same}"))
# How a key is compared; the index of keys in clear is one of their lower case.
_SAME_KEY = {
    "business_key": "lower(m.business_key) = lower(k.key) AND m.business_key = k.key",
    "business_key_index": "m.business_key_index = k.key",
}
# An inbound message is newer by the time that the sender states. It counts after it was
# applied, because a waiting message is applied after the older message anyway.
_INBOUND = """
SELECT k.interface_id, k.company_id, k.key, n.*
  FROM unnest(%s::int[], %s::int[], %s::text[])
    AS k(interface_id, company_id, key)
 CROSS JOIN LATERAL (
       SELECT m.ordering_key, m.contract_id, max(m.occurred_at),
              (array_agg(m.id ORDER BY m.occurred_at DESC, m.id DESC))[1]
         FROM interop_message m
        WHERE {same}
          AND m.interface_id = k.interface_id AND m.company_id = k.company_id
          AND m.direction = 'in' AND m.state = 'done'
          AND NOT COALESCE(m.test, false)
     GROUP BY m.ordering_key, m.contract_id) n
"""
_EVENTS = """
SELECT DISTINCT contract_id, company_id, res_model, res_id,
       CASE WHEN parent_id IS NOT NULL THEN interface_ids::text END
  FROM interop_event
 WHERE res_id = ANY(%s) AND state IN ('new', 'ready')
"""


class Superseded:
    """Find newer messages for many messages with a few statements.

    A later outbound message of the same interface and facility replaces a message about
    the same record, or with the same unique business key. The handler of the later
    message decides by ``_replaced_types``. In a lane with an order, a later message that
    is not sent yet follows the older message and does not replace it.

    :param env: environment; messages are read without the access rights of its user
    """

    def __init__(self, env):
        # sudo: the result does not depend on the access rights of the user
        self.env = env(su=True)
        self._types = {}
        self._by_key = {}
        self._inbound = {}
        self._orderings = {}

    def newer(self, ids):
        """Return ``{message id: id of the newest message that replaces it}``."""
        found = {}
        rows = self._fetch(_OLD, list(ids))
        for candidates in (
            self._by_record([row for row in rows if row["direction"] == "out"]),
            *self._by_business_key(rows),
            *self._of_inbound(rows),
        ):
            for old_id, new_id in candidates:
                found[old_id] = max(new_id, found.get(old_id, 0))
        return found

    def building(self, ids):
        """Return the ids whose newer message is captured and not built yet."""
        rows = self._fetch(_OLD, list(ids))
        rows = [
            row
            for row in rows
            if row["direction"] == "out"
            and row["res_id"]
            and not self._follows(row, row["ordering_key"])
        ]
        if not rows:
            return set()
        self.env.cr.execute(_EVENTS, [list({row["res_id"] for row in rows})])
        waiting = defaultdict(list)
        for contract_id, company_id, model, res_id, only in self.env.cr.fetchall():
            waiting[company_id, model, res_id].append((contract_id, only))
        interfaces = self.env["interop.interface"]
        found = set()
        for row in rows:
            key = (row["company_id"], row["res_model"], row["res_id"])
            for contract_id, only in waiting.get(key, ()):
                meant = (
                    row["interface_id"] in map(int, only.strip("[]").split(","))
                    if only
                    else contract_id
                    in interfaces.browse(row["interface_id"]).contract_ids._ids
                )
                if meant and self._replaces(contract_id, row["contract_id"]):
                    found.add(row["id"])
        return found

    # === LOOKING UP === #

    def _by_record(self, rows):
        rows = [row for row in rows if row["res_model"] and row["res_id"]]
        names = ("interface_id", "company_id", "res_model", "res_id")
        return self._later(rows, names, _BY_RECORD)

    def _by_business_key(self, rows):
        """Look up by business key if the handler says that the key is unique."""
        for column in ("business_key", "business_key_index"):
            keyed = [
                row
                for row in rows
                if row["direction"] == "out" and row[column] and self._has_key(row)
            ]
            names = ("interface_id", "company_id", column)
            yield self._later(keyed, names, _BY_KEY.format(same=_SAME_KEY[column]))

    def _later(self, rows, names, query):
        """Return ``[(old id, new id)]`` with equal values in the columns ``names``."""
        newest = defaultdict(list)
        for row in self._keyed(rows, names, query):
            newest[row[: len(names)]].append(row[len(names) :])
        return [
            (row["id"], new_id)
            for row in rows
            for contract_id, order, left_us, new_id in newest[
                tuple(row[name] for name in names)
            ]
            if new_id > row["id"]
            and self._replaces(contract_id, row["contract_id"])
            and (left_us or not self._follows(row, order))
        ]

    def _follows(self, row, ordering_key):
        """Return whether a later message with ``ordering_key`` waits for this one."""
        interface_id = row["interface_id"]
        if interface_id not in self._orderings:
            interface = self.env["interop.interface"].browse(interface_id)
            self._orderings[interface_id] = interface._ordering()
        ordering = self._orderings[interface_id]
        same = row["ordering_key"] and row["ordering_key"] == ordering_key
        return ordering == "strict" or (ordering == "key" and bool(same))

    def _of_inbound(self, rows):
        for column in ("business_key", "business_key_index"):
            keyed = [
                row
                for row in rows
                if row["direction"] == "in"
                and row[column]
                and row["occurred_at"]
                and self._inbound_types(row["contract_id"])
            ]
            names = ("interface_id", "company_id", column)
            query = _INBOUND.format(same=_SAME_KEY[column])
            newest = defaultdict(list)
            for *key, contract_id, moment, new_id in self._keyed(keyed, names, query):
                newest[tuple(key)].append((contract_id, moment, new_id))
            yield [
                (row["id"], new_id)
                for row in keyed
                for contract_id, moment, new_id in newest[
                    (*(row[name] for name in names), row["ordering_key"])
                ]
                if moment
                and moment > row["occurred_at"]
                and self._message_type(row["contract_id"])
                in self._inbound_types(contract_id)
            ]

    def _keyed(self, rows, names, query):
        """Run ``query`` once for the distinct values of the columns ``names``."""
        keys = {tuple(row[name] for name in names) for row in rows}
        if not keys:
            return []
        # Do not log the values, because they can identify records.
        self.env.cr.execute(
            query,
            [list(column) for column in zip(*keys, strict=True)],
            log_exceptions=False,
        )
        return self.env.cr.fetchall()

    def _fetch(self, query, ids):
        self.env.cr.execute(query, [ids])
        return self.env.cr.dictfetchall()

    # === RULES OF CONTRACTS === #

    def _contract(self, contract_id):
        return self.env["interop.contract"].browse(contract_id or ())

    def _message_type(self, contract_id):
        return self._contract(contract_id).message_type

    def _replaces(self, new_contract_id, old_contract_id):
        if new_contract_id not in self._types:
            contract = self._contract(new_contract_id)
            self._types[new_contract_id] = (
                contract._handler()._replaced_types(contract) if contract else ()
            )
        return self._message_type(old_contract_id) in self._types[new_contract_id]

    def _has_key(self, row):
        contract_id = row["contract_id"]
        if contract_id not in self._by_key:
            contract = self._contract(contract_id)
            self._by_key[contract_id] = (
                contract and contract._handler()._business_key_names_record
            )
        return self._by_key[contract_id]

    def _inbound_types(self, contract_id):
        if contract_id not in self._inbound:
            contract = self._contract(contract_id)
            self._inbound[contract_id] = (
                contract._handler()._replaced_inbound_types(contract)
                if contract
                else ()
            )
        return self._inbound[contract_id]
