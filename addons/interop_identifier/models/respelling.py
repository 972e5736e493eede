"""Stored identifiers, compared by other rules from now on."""

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
    """Computes anew how stored identifiers are compared and whether they pass their
    check.

    Numbers that become the same one do not stop it. Of two spellings at one record one
    is retired. Of two records with one number the second identifier is held, and a
    steward gets a case: until it is decided, messages with that number wait. So do
    placeholders that were taken for numbers.

    Run after an upgrade and when the check of a namespace changes. It reads in batches,
    by id, and changes nothing when it runs again.
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
        """Do it; return how many were ``respelled``, ``retired`` and ``held``."""
        self.env.flush_all()
        last = 0
        while rows := self._rows_after(last, batch):
            last = rows[-1]["id"]
            self._respell(rows)
            self.env.invalidate_all()  # or the cache would grow with the table
        self.identifiers.invalidate_model()
        return dict(self.counts)

    # ------------------------------------------------------------------
    # One batch
    # ------------------------------------------------------------------
    def _rows_after(self, last, limit):
        """Return the columns of the next identifiers, by id."""
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
        """Write what differs, then settle what cannot be written."""
        plain, doubtful, taken = [], [], {}
        changed = [row for row in rows if self._work_out(row)]
        holders = self._holders(changed)
        # What is active keeps its number rather than an alias, the older of two first.
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
            self._settle(row, self.identifiers.browse(holder_id))
        for row in rows:
            if row["placeholder"] and row["state"] in UNIQUE:
                self._hold_placeholder(row)

    def _work_out(self, row):
        """Note on a row what is right for it; return whether it differs."""
        namespace = self.env["interop.namespace"].browse(row["namespace_id"])
        value = clean_value(row["value"])
        if value is None:  # taken in before line ends were refused: it could not leave
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
        have what these are to have."""
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
                " ORDER BY state IN %s",  # of two, the one that look-ups find
                tuple(pairs),
                UNIQUE,
                UNIQUE,
            )
        )
        return {(row[0], row[1]): row[2] for row in self.env.cr.fetchall()}

    def _write(self, rows):
        """Write what was computed, in one statement."""
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
    def _settle(self, row, holder):
        """Settle a number that ``holder`` has already."""
        mine = self.identifiers.browse(row["id"])
        ours, theirs = ((item.res_model, item.res_id) for item in (mine, holder))
        if row["state"] not in UNIQUE or holder.state not in UNIQUE:
            # A former number of a namespace that never uses one again: both are known.
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
        """Open a case; how much stewards have to do is read once, then counted on."""
        if self.load is None:
            self.load = CaseOpening(self.cases).steward_load()
        self.cases._open(asked, company=company, load=self.load)

    def _hold_placeholder(self, row):
        """Hold an identifier that is none, and open a case about its record."""
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
