"""The rules of identity in random sequences of operations (a state machine)."""

import os
import random
import unittest
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import HandledError

from .common import IdentifierCase

try:
    from hypothesis import HealthCheck, settings
    from hypothesis import strategies as st
    from hypothesis.stateful import (
        RuleBasedStateMachine,
        invariant,
        precondition,
        rule,
        run_state_machine_as_test,
    )
except ImportError:  # a package of the tests; Odoo does not need it
    HealthCheck = None

PEOPLE = 4
VALUES = 4

if HealthCheck:
    people = st.integers(0, PEOPLE - 1)
    kinds = st.sampled_from(["one", "many"])
    values = st.integers(1, VALUES).map(str)
    seeds = st.integers(0, 1000)
    ages = st.none() | st.integers(1, 3)  # in days; None: now

    class Identities(RuleBasedStateMachine):
        """Links, merges, retires, re-uses and undoes; tracks the record of each row."""

        case = None  # the Odoo test

        def __init__(self):
            super().__init__()
            case = self.case
            self.env, self.rows = case.env, case.identifiers
            self.merges = case.env["interop.identifier.merge"]
            self.savepoint = case.env.cr.savepoint()
            self.namespaces = {
                "one": case._create_namespace(),
                "many": case._create_namespace(one_active_per_record=False),
            }
            self.people = case.env["res.partner"].create(
                [{"name": f"Somebody {number}"} for number in range(PEOPLE)]
            )
            self.into = {}  # merged id: survivor id, of merges in force
            self.home = {}  # id of a row: id of the record it was linked to

        def teardown(self):
            """Undo all merges in random order: each row is back at its first record."""
            try:
                self._undo_all(random.Random(len(self.home)))
                for row in self._mine():
                    assert row.res_id == self.home[row.id]
            finally:  # a failure here must not make later steps fail
                self.savepoint.close(rollback=True)
                self.env.invalidate_all()

        def _mine(self):
            return self.rows.browse(self.home).exists()

        def _root(self, record_id):
            while record_id in self.into:
                record_id = self.into[record_id]
            return record_id

        def _bytes(self):
            self.env.flush_all()
            self.env.cr.execute(
                "SELECT to_jsonb(r) FROM interop_identifier r WHERE id = ANY(%s) "
                "ORDER BY id",
                [list(self.home)],
            )
            return self.env.cr.fetchall()

        def _note_home(self, created, record):
            for row in created:
                self.home[row.id] = self._root(record.id)

        def _undo_all(self, order):
            merges = self.merges.search(
                [("merged_id", "in", list(self.into)), ("state", "=", "merged")]
            )
            for merge in order.sample(list(merges), len(merges)):
                self._undo(merge)

        def _undo(self, merge):
            merge._unmerge("They are two")
            assert not merge.restore_report or "state" in merge.restore_report
            del self.into[merge.merged_id]

        def _try_merge(self, survivor, merged):
            """Merge; return whether it was accepted."""
            try:
                merge = self.merges._merge(survivor, merged)
            except HandledError:
                assert self._root(merged.id) != merged.id or (
                    self._root(survivor.id) == merged.id
                )
                return False
            if merge.merged_id not in self.into:
                self.into[merge.merged_id] = self._root(survivor.id)
            assert self.into[merged.id] == merge.survivor_id
            return True

        @rule(person=people, kind=kinds, value=values, days=ages)
        def link(self, person, kind, value, days):
            """Link as a message does, also as a late one."""
            record = self.people[person]
            wire = self.case._wire(self.namespaces[kind], value)
            message = self.case._message()
            if days is not None:
                message.occurred_at = clock.now() - timedelta(days=days)
            try:
                created = self.rows._link(record, [wire], message)
            except HandledError:
                return
            self._note_home(created, record)

        @rule(person=people, kind=kinds, value=values)
        def use_again(self, person, kind, value):
            """Create with the value of another record, as a steward may when it is
            retired."""
            record = self.people[person]
            try:
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    created = self.case._create_identifier(
                        self.namespaces[kind], value, record
                    )
                    self.env.flush_all()
            except IntegrityError:
                self.env.invalidate_all()
                return
            assert record.id not in self.into
            self._note_home(created, record)

        @precondition(lambda self: self.home)
        @rule(seed=seeds, action=st.sampled_from(["retire", "reactivate", "error"]))
        def change(self, seed, action):
            """Retire, reactivate or withdraw a row."""
            allowed, step = {
                "retire": ("active", "_set_retired"),
                "reactivate": ("retired", "_set_active"),
                "error": ("retired", "_set_entered_in_error"),
            }[action]
            rows = self._mine().filtered(lambda row: row.state == allowed)
            if not rows:
                return
            try:
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    getattr(rows[seed % len(rows)], step)()
                    self.env.flush_all()
            except IntegrityError:
                self.env.invalidate_all()

        @rule(survivor=people, merged=people)
        def merge(self, survivor, merged):
            """Merge; a refusal has a reason."""
            if survivor != merged:
                self._try_merge(self.people[survivor], self.people[merged])

        @precondition(lambda self: self.into)
        @rule(seed=seeds)
        def unmerge(self, seed):
            """Undo any merge, not only the last one."""
            merged = sorted(self.into)[seed % len(self.into)]
            self._undo(self.merges._open_of(self.people.browse(merged)))

        @rule(pairs=st.lists(st.tuples(people, people), max_size=3), seed=seeds)
        def there_and_back(self, pairs, seed):
            """Undoing some merges in any order restores every byte."""
            before, known = self._bytes(), set(self.into)
            for survivor, merged in pairs:
                if survivor != merged:
                    self._try_merge(self.people[survivor], self.people[merged])
            new = sorted(set(self.into) - known)
            order = random.Random(seed)
            for merged in order.sample(new, len(new)):
                self._undo(self.merges._open_of(self.people.browse(merged)))
            assert self._bytes() == before

        @invariant()
        def every_row_is_with_the_survivor(self):
            """No chain, no cycle, no lost row."""
            for row in self._mine():
                assert row.res_id == row.partner_id.id == self._root(self.home[row.id])
            for person in self.people:
                survivor = self.merges._survivor(person)
                assert survivor.id == self._root(person.id)
                assert self.merges._survivor(survivor) == survivor

        @invariant()
        def never_two_active_ones(self):
            """Per value, and per record if only one is allowed."""
            active = self._mine().filtered(lambda row: row.state == "active")
            keys = [(row.namespace_id.id, row.value_normalized) for row in active]
            assert len(keys) == len(set(keys))
            single = [(row.namespace_id.id, row.res_id) for row in active if row.single]
            assert len(single) == len(set(single))

        @invariant()
        def a_look_up_answers_the_survivor(self):
            """For active identifiers and aliases."""
            for row in self._mine().filtered(
                lambda item: item.state in ("active", "merged")
            ):
                wire = self.case._wire(row.namespace_id, row.value)
                found = self.rows._resolve([wire], self.case.facility)
                assert found.id == self._root(self.home[row.id])


@tagged("post_install", "-at_install")
@unittest.skipUnless(HealthCheck, "needs hypothesis")
class TestIdentityRules(IdentifierCase):
    def test_random_sequences_keep_the_rules(self):
        Identities.case = self
        self.addCleanup(setattr, Identities, "case", None)
        long = bool(os.environ.get("INTEROP_LONG"))
        run_state_machine_as_test(
            Identities,
            settings=settings(
                max_examples=200 if long else 12,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
