"""Identities under concurrency: many processes, one PostgreSQL.

Concurrent links, merges and undone merges of the same records cause no duplicates, no losses
and no deadlocks.
"""

import json
import os
import random
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from identity_worker import NAMESPACES
from interop_setup import keyfile, odoo_config, paths
from interop_setup.odoo_command import KEY_FILE
from interop_setup.process import tied

HERE = Path(__file__).resolve().parent
PROCESSES = 5
PAIRS = 12
NO_GHOSTS = """
    SELECT count(*) FROM interop_identifier i JOIN interop_identifier_anchor a
        ON a.res_model = i.res_model AND a.res_id = i.res_id
     WHERE a.survivor_id > 0
"""
NO_CHAINS = """
    SELECT count(*) FROM interop_identifier_anchor a JOIN interop_identifier_anchor b
        ON b.res_model = a.res_model AND b.res_id = a.survivor_id
     WHERE b.survivor_id > 0
"""
TWO_ACTIVE = """
    SELECT count(*) FROM (
        SELECT FROM interop_identifier WHERE state = 'active'
         GROUP BY namespace_id, value_normalized HAVING count(*) > 1
        UNION ALL
        SELECT FROM interop_identifier WHERE state = 'active' AND single
         GROUP BY namespace_id, res_model, res_id HAVING count(*) > 1) AS twice
"""


class Crowd:
    """Several Odoo processes on one database."""

    def __init__(self, cluster, database):
        self.cluster, self.database = cluster, database
        self._config = paths.RUN / f"identity-{uuid.uuid4().hex[:8]}.conf"
        odoo_config.write(
            self._config,
            {
                "options": {
                    **odoo_config.base_options(cluster),
                    "db_name": database,
                    "log_level": "warn",
                },
                "queue_job": {"channels": "root:0"},
                "interop": {
                    "key_file": str(keyfile.ensure(KEY_FILE)),
                    "environment": "test",
                },
            },
        )
        self._processes = [self._start() for _number in range(PROCESSES)]
        for process in self._processes:
            assert process.stdout.readline().strip() == "ready"

    def _start(self):
        path = f"{HERE}{os.pathsep}{sys.path[0]}"
        return subprocess.Popen(
            tied([paths.VENV_PYTHON, HERE / "identity_worker.py", self.database]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=paths.ROOT,
            env={**odoo_config.environment(self._config), "PYTHONPATH": path},
        )

    def run(self, *lists):
        """Let all processes run their steps concurrently; return the outcomes.

        Fails on a deadlock.
        """
        for process, steps in zip(self._processes, lists, strict=True):
            process.stdin.write(json.dumps({"steps": steps}) + "\n")
            process.stdin.flush()
        answers = [json.loads(p.stdout.readline()) for p in self._processes]
        assert [answer["deadlocks"] for answer in answers] == [0] * PROCESSES
        return [answer["outcomes"] for answer in answers]

    def sql(self, query):
        """Return the rows of a query as lists of texts."""
        rows = self.cluster.psql(query, database=self.database).splitlines()
        return [row.split("\t") for row in rows]

    def partners(self, count):
        """Create partners; return their ids."""
        return [
            int(row[0])
            for row in self.sql(
                "INSERT INTO res_partner (name, complete_name, active, type, "
                "autopost_bills) SELECT n, n, true, 'contact', 'ask' FROM (SELECT "
                f"'Somebody ' || i AS n FROM generate_series(1, {count}) i) AS names "
                "RETURNING id"
            )
        ]

    def holder(self):
        """Return ``{value: partner id}`` of look-ups."""
        return {
            value: int(res_id)
            for value, res_id in self.sql(
                "SELECT value, res_id FROM interop_identifier "
                "WHERE state IN ('active', 'merged')"
            )
        }

    def check(self):
        """Fail on states that must not exist."""
        for query in (TWO_ACTIVE, NO_GHOSTS, NO_CHAINS):
            assert self.sql(query) == [["0"]], query

    def close(self):
        """End the processes."""
        for process in self._processes:
            process.stdin.close()
            process.wait(30)
        self._config.unlink()


@pytest.fixture
def crowd(cluster, make_database):
    """Processes on a database with two namespaces."""
    database = make_database("identity")
    for name, uri in NAMESPACES.items():
        cluster.psql(
            "INSERT INTO interop_namespace (name, code, uri, type_code, active, "
            "case_rule, separator_rule, validator, validation, reuse_policy, "
            "one_active_per_record) "
            f"VALUES ('{name}', '{name}', '{uri}', 'MR', true, 'keep', 'spaces', "
            f"'none', 'off', 'retired', {name == 'one'})",
            database=database,
        )
    made = Crowd(cluster, database)
    yield made
    made.close()


def test_identities_under_concurrency(crowd):
    """Share the processes among the tests, because starting them takes long."""
    _the_same_value(crowd)
    _crosswise(crowd)
    _in_a_ring(crowd)
    _linking_while_merging(crowd)


def _the_same_value(crowd):
    """All processes link the same values to different partners."""
    partners = crowd.partners(PROCESSES)
    values = [f"same-{number}" for number in range(40)]
    outcomes = crowd.run(
        *(
            [["link", partner, "many", value] for value in values]
            for partner in partners
        )
    )
    for answers in zip(*outcomes, strict=True):
        assert sorted(answers) == ["created"] + ["possible_duplicate"] * (PROCESSES - 1)
    assert set(values) <= crowd.holder().keys()
    crowd.check()


def _crosswise(crowd):
    """Some processes merge A into B, others B into A, at the same time."""
    pairs = [crowd.partners(2) for _number in range(PAIRS)]
    links = [
        ["link", partner, kind, f"cross-{kind}-{partner}"]
        for pair in pairs
        for partner in pair
        for kind in NAMESPACES
    ]
    crowd.run(links, *[[] for _number in range(PROCESSES - 1)])
    outcomes = crowd.run(
        *(
            [["merge", *(pair if number % 2 else pair[::-1])] for pair in pairs]
            for number in range(PROCESSES)
        )
    )
    holder = crowd.holder()
    for position, pair in enumerate(pairs):
        answers = {
            number % 2: outcomes[number][position] for number in range(PROCESSES)
        }
        assert sorted(answers.values()) == ["done", "merge_reversed"]
        survivor = pair[0] if answers[1] == "done" else pair[1]
        for partner in pair:
            for kind in NAMESPACES:
                assert holder[f"cross-{kind}-{partner}"] == survivor
    crowd.check()


def _in_a_ring(crowd):
    """Each partner is merged into the next one in a circle; no cycle occurs."""
    ring = crowd.partners(8)
    steps = [["merge", ring[n - 1], partner] for n, partner in enumerate(ring)]
    links = [["link", partner, "one", f"ring-{partner}"] for partner in ring]
    crowd.run(links, *[[] for _number in range(PROCESSES - 1)])
    shuffled = [random.sample(steps, len(steps)) for _number in range(PROCESSES)]
    outcomes = crowd.run(*shuffled)
    for answers in outcomes:
        assert set(answers) <= {"done", "merge_reversed", "merged_elsewhere"}
    holder = crowd.holder()
    assert len({holder[f"ring-{partner}"] for partner in ring}) == 1
    crowd.check()


def _linking_while_merging(crowd):
    """Numbers arrive for a partner that is merged and split repeatedly."""
    survivor, prior = crowd.partners(2)
    turns = [["merge", survivor, prior], ["unmerge", prior]] * 10
    lists = [
        [["link", prior, "many", f"flow-{number}-{turn}"] for turn in range(30)]
        for number in range(PROCESSES - 2)
    ]
    retired = [
        step
        for turn in range(15)
        for step in (
            ["link", prior, "one", f"flow-one-{turn}"],
            ["retire", "one", f"flow-one-{turn}"],
        )
    ]
    outcomes = crowd.run(turns, retired, *lists)
    expected = {
        step[3]
        for steps, answers in zip(lists, outcomes[2:], strict=True)
        for step, answer in zip(steps, answers, strict=True)
        if answer == "created"
    }
    assert len(expected) == 30 * (PROCESSES - 2)
    crowd.check()
    crowd.run([["merge", survivor, prior]], *[[] for _number in range(PROCESSES - 1)])
    holder = crowd.holder()
    assert {holder[value] for value in expected} == {survivor}
    crowd.check()
