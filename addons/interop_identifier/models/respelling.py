"""Recompute stored identifiers after a change of spelling rules."""

from collections import defaultdict

from odoo.tools import SQL

from odoo.addons.interop_base.tools import text

from .. import const
from ..tools import question
from .case_opening import CaseOpening
from .identity_resolver import IdentityResolver, clean_value

BATCH = 5000
# States in which a value is unique in its namespace.
UNIQUE = const.LOOKUP_STATES


class Respelling:
    """Recomputes how stored identifiers are compared and whether they pass their check.

    Numbers that become equal do not stop it. Of two spellings at one record, one is
    retired. Of two records with one number, the second identifier is held and a steward
    gets a case. Messages with that number wait until it is decided. Stored placeholders
    are held as well.

    It runs after an upgrade and when the check of a namespace changes. It reads in
    batches by id. A second run changes nothing.
    """

    def __init__(self, env, namespaces=None):
        """Prepare for the identifiers of ``namespaces`` (default: all)."""
        # sudo: identifiers of every facility count
        self.identifiers = env["interop.identifier"].sudo()
        self.cases = env["interop.identity.case"].sudo()
        self.env = self.identifiers.env
        self.namespaces = namespaces and namespaces.sudo()
        self.counts = defaultdict(int)
        self.load = None

    def run(self, batch=BATCH):
        """Recompute and return how many were ``respelled``, ``retired`` and ``held``."""
        self.env.flush_all()
        last = 0
        while rows := self._rows_after(last, batch):
            last = rows[-1]["id"]
            self._respell(rows)
            self.env.invalidate_all()  # limits the size of the cache
        self.identifiers.invalidate_model()
        return dict(self.counts)

    # ------------------------------------------------------------------
    # One batch
    # ------------------------------------------------------------------
    def _rows_after(self, last, limit):
        """Return the columns of the next batch of identifiers, by id."""
        within = SQL()
        if self.namespaces is not None:
            within = SQL("AND namespace_id = ANY(%s)", self.namespaces.ids)
        self.env.cr.execute(
            SQL(
                "SELECT id, namespace_id, value, value_normalized, check_failed, state,"
                " once, res_model, res_id, create_date FROM interop_identifier"
                " WHERE id > %s %s ORDER BY id LIMIT %s",
                last,
                within,
                limit,
            )
        )
        return self.env.cr.dictfetchall()

    def _respell(self, rows):
        """Write the changed rows, then handle those that cannot be written."""
        plain, doubtful, taken = [], [], {}
        changed = [row for row in rows if self._work_out(row)]
        holders = self._holders(changed)
        # An active identifier keeps its number before an alias, an older one before a
        # newer one.
        for row in sorted(
            changed, key=lambda row: (row["state"] != "active", row["id"])
        ):
            key = row["namespace_id"], row["normalized"]
            unique = row["state"] in UNIQUE or row["once"]
            if not unique or row["normalized"] == row["value_normalized"]:
                plain.append(row)
            elif key in taken or holders.get(key, row["id"]) != row["id"]:
                doubtful.append((row, taken.get(key) or holders[key]))
            else:
                taken[key] = row["id"]
                plain.append(row)
        self._write(plain)
        for row, holder_id in doubtful:
            self._resolve_collision(row, self.identifiers.browse(holder_id))
        for row in rows:
            if row["placeholder"] and row["state"] in UNIQUE:
                self._hold_placeholder(row)

    def _work_out(self, row):
        """Store the new columns in a row; return whether they differ."""
        namespace = self.env["interop.namespace"].browse(row["namespace_id"])
        value = clean_value(row["value"])
        if value is None:  # stored before line ends were refused; it could not be sent
            value = text.clean(
                "".join(sign for sign in row["value"] if not text.has_control(sign))
            )
        row["text"] = value or row["value"]
        day = row["create_date"] and row["create_date"].date()
        row["normalized"] = namespace._normalize(value, day) or row["value_normalized"]
        row["failed"] = not namespace._passes(value)
        row["placeholder"] = namespace._is_placeholder(value)
        return (row["text"], row["normalized"], row["failed"]) != (
            row["value"],
            row["value_normalized"],
            row["check_failed"],
        )

    def _holders(self, rows):
        """Return ``{(namespace id, normalized value): id}`` of the identifiers that
        already have the new values of these rows."""
        pairs = {
            (row["namespace_id"], row["normalized"])
            for row in rows
            if row["normalized"] != row["value_normalized"]
        }
        if not pairs:
            return {}
        self.env.cr.execute(
            SQL(
                "SELECT namespace_id, value_normalized, id FROM interop_identifier"
                " WHERE (namespace_id, value_normalized) IN %s"
                " AND (state IN %s OR once AND state <> 'entered_in_error')"
                " ORDER BY state IN %s",  # of two rows, prefer the row that look-ups find
                tuple(pairs),
                UNIQUE,
                UNIQUE,
            )
        )
        return {(row[0], row[1]): row[2] for row in self.env.cr.fetchall()}

    def _write(self, rows):
        """Write the computed columns in one statement."""
        if not rows:
            return
        values = [
            SQL("(%s, %s, %s, %s)", *(row[name] for name in ("id", *_WRITTEN)))
            for row in rows
        ]
        self.env.cr.execute(
            SQL(
                "UPDATE interop_identifier AS stored SET value = new.text,"
                " value_normalized = new.normalized, check_failed = new.failed"
                " FROM (VALUES %s) AS new (id, text, normalized, failed)"
                " WHERE stored.id = new.id",
                SQL(", ").join(values),
            ),
            log_exceptions=False,
        )
        self.identifiers.invalidate_model(
            ["value", "value_normalized", "check_failed"], flush=False
        )
        self.counts["respelled"] += len(rows)

    # ------------------------------------------------------------------
    # What needs more than another spelling
    # ------------------------------------------------------------------
    def _resolve_collision(self, row, holder):
        """Resolve a collision with ``holder``, which already has the number."""
        mine = self.identifiers.browse(row["id"])
        ours, theirs = ((item.res_model, item.res_id) for item in (mine, holder))
        if row["state"] not in UNIQUE or holder.state not in UNIQUE:
            # A former number in a namespace that never re-uses values: both rows stay.
            former = (mine | holder).filtered(lambda item: item.state not in UNIQUE)
            former[:1]._transition({"once": False})
        elif ours == theirs:
            loser = (
                holder
                if holder.state != "active" and row["state"] == "active"
                else mine
            )
            loser._set_same_number(self.env._("Another spelling of the same number"))
            self.counts["retired"] += 1
        else:
            mine._set_held(self.env._("Another record has the same number"))
            self._ask_same(mine, holder)
            self.counts["held"] += 1
        self.env.flush_all()
        self._write([row])

    def _ask_same(self, mine, holder):
        """Open the case whether two records with one number are the same."""
        first, second = (holder.res_model, holder.res_id), (mine.res_model, mine.res_id)
        if self.cases._told_apart(first, second):
            return
        company = (holder | mine)._facility_of_case()
        asked = question.same(company.id, first, second)
        self._open(asked, company)

    def _open(self, asked, company):
        """Open a case. The number of open cases per steward is read once and then
        counted."""
        if self.load is None:
            self.load = CaseOpening(self.cases).steward_load()
        self.cases._open(asked, company=company, load=self.load)

    def _hold_placeholder(self, row):
        """Hold a placeholder and open a case about its record."""
        mine = self.identifiers.browse(row["id"])
        if mine.state not in UNIQUE:
            return  # held meanwhile
        mine._set_held(self.env._("A placeholder instead of a number"))
        self.counts["held"] += 1
        company = mine._facility_of_case()
        record = (mine.res_model, mine.res_id)
        self._open(
            IdentityResolver(self.identifiers).placeholder_question(
                mine.namespace_id, row["text"], company, None, record
            ),
            company,
        )


_WRITTEN = ("text", "normalized", "failed")
