"""The engine does not stall (case 17): an empty queue that fills, and a killed worker.

In an earlier version, after an ANALYZE of the empty table, one statement took every event
instead of a batch. Its worker was killed, its session kept the lock, and later runs delivered
nothing.
"""

import time

import inside
import pytest
from interop_setup import databases
from interop_setup.server import HTTP_WORKER, Server
from kills import Killer, OtherJobs
from sessions import locked
from test_outbound import hostile, in_odoo
from waiting import wait_for

EVENTS, AT_ONCE = 12_000, 1_000
BATCH = 500
MATERIALIZE_LOCK = 7234001
GIVEN_BACK = 20  # seconds until PostgreSQL detects a closed client connection
DONE = 120


@pytest.fixture(scope="module")
def server(cluster, template):
    """Start Odoo with workers on a copy of the template."""
    name = databases.clone(cluster, template, databases.throw_away_name("stall"))
    made = Server(
        name=name, cluster=cluster, database=name, workers=3, channels="root:2"
    )
    made.start()
    yield made
    inside.end(made)
    made.kill()
    databases.drop(cluster, name)


def ask(server, sql):
    """Return one value from the database of the server."""
    return server.cluster.psql(sql, database=server.database)


def events(server):
    """Return the number of events that are not messages yet."""
    return int(ask(server, "SELECT count(*) FROM interop_event"))


def oldest_event(server):
    """Return the age of the oldest event in seconds, 0 if there is none."""
    return float(
        ask(
            server,
            "SELECT COALESCE(EXTRACT(EPOCH FROM max(clock_timestamp()"
            " AT TIME ZONE 'UTC' - occurred_at)), 0) FROM interop_event",
        )
    )


def drained(server, world):
    """Return whether no message of this flow waits."""
    return not events(server) and not int(
        ask(
            server,
            "SELECT count(*) FROM interop_message"
            f" WHERE interface_id = {world['interface']}"
            " AND state IN ('pending', 'processing')",
        )
    )


def at_rest(server):
    """Return whether no pump is running; the next run reads its options again."""
    return not int(
        ask(
            server,
            "SELECT count(*) FROM queue_job"
            " WHERE state IN ('enqueued', 'started') AND method_name = '_run'",
        )
    )


def holders(server):
    """Return the sessions that hold the lock of the materializer."""
    return ask(
        server,
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        f" AND objid = {MATERIALIZE_LOCK}",
    ).split()


def test_case_17_events_published_into_a_drained_queue(server):
    """After ANALYZE of an empty table with pages, the plan does not matter."""
    with hostile.Receiver() as receiver:
        world = in_odoo(server, "set_up", url=receiver.url)
        in_odoo(server, "publish", count=2_000)
        assert wait_for(lambda: drained(server, world), DONE)
        ask(server, "VACUUM (TRUNCATE off, ANALYZE) interop_event")
        in_odoo(server, "suspend", interface=world["interface"])
        last = int(ask(server, "SELECT max(id) FROM interop_message"))
        for _round in range(EVENTS // AT_ONCE):
            in_odoo(server, "publish", count=AT_ONCE)
            assert oldest_event(server) < DONE
        assert wait_for(lambda: not events(server), DONE), events(server)
        newer = f"FROM interop_message WHERE id > {last}"
        assert int(ask(server, f"SELECT count(*) {newer}")) == EVENTS
        # One batch per statement: a commit contains at most one batch.
        largest = ask(
            server,
            "SELECT max(number) FROM"
            f" (SELECT count(*) AS number {newer} GROUP BY xmin::text) made",
        )
        assert int(largest) <= BATCH
        assert not holders(server)


def test_case_17_session_of_a_killed_worker_gives_its_lock_back(server):
    """If a statement hangs and its process was killed, the next run continues."""
    with hostile.Receiver() as receiver, OtherJobs(server):
        world = in_odoo(server, "set_up", url=receiver.url, lease=8)
        killer = Killer(server, receiver, hostile.send, seed=17)
        with locked(server, "interop_stream", "ACCESS EXCLUSIVE"):
            in_odoo(server, "publish", count=10)
            assert wait_for(lambda: holders(server))
            (dead,) = holders(server)
            killer.workers()
            killed = time.monotonic()
            assert wait_for(lambda: dead not in holders(server), 3 * GIVEN_BACK)
            assert time.monotonic() - killed < GIVEN_BACK
        assert wait_for(lambda: drained(server, world), DONE)
        assert len(receiver.requests) >= 10


def test_case_17_hung_step_ends_by_itself_and_settings_say_so(server):
    """PostgreSQL ends a long statement; the log and the Settings report it."""
    with hostile.Receiver() as receiver:
        world = in_odoo(server, "set_up", url=receiver.url, lease=8)
        in_odoo(server, "limit_statements", seconds=2)
        assert wait_for(lambda: at_rest(server), DONE)
        workers = set(server.worker_pids(HTTP_WORKER))
        with locked(server, "interop_stream", "ACCESS EXCLUSIVE"):
            in_odoo(server, "publish", count=10)

            def said():
                return "took too long and was canceled" in server.log_text()

            assert wait_for(said)
        assert wait_for(lambda: drained(server, world), DONE)
        assert set(server.worker_pids(HTTP_WORKER)) == workers, "none was killed"
        assert len(receiver.requests) == 10
        assert "turning events into messages" in in_odoo(server, "engine_texts")
