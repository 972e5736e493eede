"""Promise 1 with savepoints of all kinds: random programs against a model of them."""

import json
import os
import random
from copy import deepcopy
from unittest.mock import patch

from odoo.tests import tagged

from ..models.engine import interop_event
from .test_publish import PublishCase

PROGRAMS = 24 if os.environ.get("INTEROP_LONG") else 8


class Undo(Exception):
    """Leaves a savepoint by the way that rolls it back."""


class Expected:
    """What the database and the transaction should know, in plain values.

    ``rows`` and ``cities`` are what a rolled back savepoint takes back; ``waiting`` is
    what the transaction remembers for its next flush and no savepoint gives back.
    """

    def __init__(self, combines):
        self.combines = combines
        self.rows = []  # [key, record, content or None while it is not built]
        self.cities = {}
        self.waiting = set()
        self._keys = 0

    def publish(self, record):
        mine = [row for row in self.rows if row[1] == record and self.combines]
        if not mine:
            self._keys += 1
            mine = [[self._keys, record, None]]
            self.rows += mine
        for row in mine:
            row[2] = None
            self.waiting.add(row[0])

    def flush(self):
        for row in self.rows:
            if row[0] in self.waiting and row[2] is None:
                row[2] = self.cities[row[1]]
        self.waiting.clear()

    def save(self):
        return deepcopy((self.rows, self.cities))

    def restore(self, saved, flushing):
        self.rows, self.cities = deepcopy(saved)
        if flushing:
            self.waiting.clear()

    def messages(self):
        """What leaves: what a rolled back flush had built, the pump builds now."""
        return [
            (record, content or self.cities[record])
            for _key, record, content in self.rows
        ]


class Program:
    """One random program: it does to the database what it tells the model."""

    def __init__(self, case, seed, combines):
        self.random = random.Random(seed)
        self.case = case
        self.model = Expected(combines)
        self.records = case._partners(3, city="Start")
        self.model.cities = dict.fromkeys(self.records.ids, "Start")
        self.savepoints = 0
        self.changes = 0

    def run(self, depth=0):
        for _step in range(self.random.randint(1, 6)):
            steps = [self.publish, self.publish, self.change, self.flush]
            if depth < 4:
                steps += [lambda: self.savepoint(depth)] * 4
            self.random.choice(steps)()

    def publish(self):
        chosen = self.random.sample(self.records.ids, self.random.randint(1, 2))
        for record_id in chosen:
            self.model.publish(record_id)
        self.case._publish(self.records.browse(chosen))

    def change(self):
        self.changes += 1
        record_id, city = self.random.choice(self.records.ids), f"City {self.changes}"
        self.model.cities[record_id] = city
        self.case.env.cr.execute(
            "UPDATE res_partner SET city = %s WHERE id = %s", [city, record_id]
        )
        self.case.env.invalidate_all(flush=False)

    def flush(self):
        self.model.flush()
        self.case.env.cr.flush()

    def savepoint(self, depth):
        """Enter one, and leave it in one of the ways that Odoo knows."""
        self.savepoints += 1
        flushing = self.random.random() < 0.6
        way = self.random.choice(["released", "released", "undone", "undone within"])
        if flushing:
            self.model.flush()
        saved = self.model.save()
        try:
            with self.case.env.cr.savepoint(flush=flushing) as savepoint:
                self.run(depth + 1)
                if way == "undone":
                    raise Undo
                if way == "undone within":
                    savepoint.rollback()
                    self._undone(saved, flushing)
                    self.run(depth + 1)
                if flushing:
                    self.model.flush()
        except Undo:
            self._undone(saved, flushing)

    def _undone(self, saved, flushing):
        self.model.restore(saved, flushing)
        self.case.env.invalidate_all(flush=False)


@tagged("post_install", "-at_install")
class TestRandomSavepoints(PublishCase):
    """No phantom, no loss, no second message, and the content of its moment."""

    def _use_contract(self, combines):
        self.contract = self._create_contract(coalesce=combines)
        self._capture(self.facility, self.contract)

    def _check_programs(self, combines):
        self._use_contract(combines)
        sent = undone = savepoints = 0
        for seed in range(PROGRAMS):
            program = Program(self, seed, combines)
            saved = program.model.save()
            with self.subTest(seed=seed):
                # The transaction of a request that fails, or one that commits.
                outer = self.env.cr.savepoint()
                program.run()
                fails = seed % 4 == 3
                outer.close(rollback=fails)
                if fails:
                    undone += bool(program.model.rows)
                    program._undone(saved, True)
                program.model.flush()
                messages = self._messages().filtered(
                    lambda message, ids=program.records.ids: message.res_id in ids
                )
                found = [
                    (message.res_id, json.loads(message._payload_bytes())["data"])
                    for message in messages
                ]
                self.assertEqual(
                    [(res_id, data["city"]) for res_id, data in found],
                    program.model.messages(),
                )
                self.assertFalse(self._events())
            sent += len(messages)
            savepoints += program.savepoints
        # The programs do what they are for.
        self.assertGreater(sent, PROGRAMS)
        self.assertGreater(savepoints, 2 * PROGRAMS)
        self.assertGreater(undone, PROGRAMS // 8)

    def test_promise_1_random_savepoints_of_a_contract_that_sends_each(self):
        self._check_programs(combines=False)

    def test_promise_1_random_savepoints_of_a_contract_that_combines(self):
        self._check_programs(combines=True)

    def test_promise_1_random_savepoints_beside_many_rows(self):
        """A few rows are built as they were inserted, many are read again: both alike."""
        with patch.object(interop_event, "FEW", 1):
            self._check_programs(combines=False)
        with (
            patch.object(interop_event, "FEW", 1000),
            patch.object(interop_event, "WRITTEN_AT_ONCE", 1),
        ):
            self._check_programs(combines=False)

    def test_promise_1_nothing_is_left_of_what_was_undone(self):
        """Content of rolled back snapshots is gone with them."""
        self.env.cr.execute("SELECT count(*) FROM interop_payload")
        before = self.env.cr.fetchone()
        partner = self._partners(1)
        for flushing in (True, False):
            savepoint = self.env.cr.savepoint(flush=flushing)
            self._publish(partner)
            self._commit()
            savepoint.close(rollback=True)
        self.env.cr.execute("SELECT count(*) FROM interop_payload")
        self.assertEqual(self.env.cr.fetchone(), before)
