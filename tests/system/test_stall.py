"""The engine never stops (case 17): a drained queue that fills, and a worker that dies.

At an earlier version one statement took every event instead of a batch after an ANALYZE of
the drained table. Its worker was killed, its session went on with the lock, and no later run
moved anything.
"""

import time

import inside
import pytest
from interop_setup import databases
from interop_setup.server import HTTP_WORKER, Server
from kills import Killer
from sessions import locked
from test_outbound import hostile, in_odoo
from waiting import wait_for

EVENTS, AT_ONCE = 12_000, 1_000
BATCH = 500
MATERIALIZE_LOCK = 7234001
GIVEN_BACK = 10  # seconds in which PostgreSQL notices that a client is gone
DONE = 120


@pytest.fixture(scope="module")
def server(cluster, template):
    """Odoo with workers on a copy of the template."""
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
    """One value of the server's database."""
    return server.cluster.psql(sql, database=server.database)


def events(server):
    """How many events wait to become messages."""
    return int(ask(server, "SELECT count(*) FROM interop_event"))


def drained(server, world):
    """Whether nothing of this flow waits any more."""
    return not events(server) and not int(
        ask(
            server,
            "SELECT count(*) FROM interop_message"
            f" WHERE interface_id = {world['interface']}"
            " AND state IN ('pending', 'processing')",
        )
    )


def at_rest(server):
    """Whether no run of the pump is under way: the next one reads its options anew."""
    return not int(
        ask(
            server,
            "SELECT count(*) FROM queue_job"
            " WHERE state IN ('enqueued', 'started') AND method_name = '_run'",
        )
    )


def holders(server):
    """Sessions that hold the lock of the one who turns events into messages."""
    return ask(
        server,
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        f" AND objid = {MATERIALIZE_LOCK}",
    ).split()


def test_case_17_events_published_into_a_drained_queue(server):
    """ANALYZE saw no row in a table that has pages: the plan must not matter."""
    with hostile.Receiver() as receiver:
        world = in_odoo(server, "set_up", url=receiver.url)
        in_odoo(server, "publish", count=2_000)
        assert wait_for(lambda: drained(server, world), DONE)
        ask(server, "VACUUM (TRUNCATE off, ANALYZE) interop_event")
        in_odoo(server, "suspend", interface=world["interface"])
        last = int(ask(server, "SELECT max(id) FROM interop_message"))
        started = time.monotonic()
        for _round in range(EVENTS // AT_ONCE):
            in_odoo(server, "publish", count=AT_ONCE)
        assert wait_for(lambda: not events(server), DONE), events(server)
        took = time.monotonic() - started
        newer = f"FROM interop_message WHERE id > {last}"
        assert int(ask(server, f"SELECT count(*) {newer}")) == EVENTS
        assert took < DONE, took
        # A batch per statement, as asked for: a commit holds no more than that.
        largest = ask(
            server,
            "SELECT max(number) FROM"
            f" (SELECT count(*) AS number {newer} GROUP BY xmin::text) made",
        )
        assert int(largest) <= BATCH
        assert not holders(server)


def test_case_17_session_of_a_killed_worker_gives_its_lock_back(server):
    """Its statement hangs and its process is gone: the next run goes on."""
    with hostile.Receiver() as receiver:
        world = in_odoo(server, "set_up", url=receiver.url, lease=8)
        killer = Killer(server, receiver, hostile.send, seed=17)
        with locked(server, "interop_stream", "ACCESS EXCLUSIVE"):
            in_odoo(server, "publish", count=10)
            assert wait_for(lambda: holders(server), 30)
            (dead,) = holders(server)
            killer.workers()
            killed = time.monotonic()
            assert wait_for(lambda: dead not in holders(server), 3 * GIVEN_BACK)
            assert time.monotonic() - killed < GIVEN_BACK
        assert wait_for(lambda: drained(server, world), DONE)
        assert len(receiver.requests) >= 10


def test_case_17_hung_step_ends_by_itself_and_settings_say_so(server):
    """Nobody is killed: PostgreSQL ends the statement, the log and Settings name it."""
    with hostile.Receiver() as receiver:
        world = in_odoo(server, "set_up", url=receiver.url, lease=8)
        in_odoo(server, "limit_statements", seconds=2)
        assert wait_for(lambda: at_rest(server), DONE)
        workers = set(server.worker_pids(HTTP_WORKER))
        with locked(server, "interop_stream", "ACCESS EXCLUSIVE"):
            in_odoo(server, "publish", count=10)

            def said():
                return "took too long and was ended" in server.log_text()

            assert wait_for(said, 60)
        assert wait_for(lambda: drained(server, world), DONE)
        assert set(server.worker_pids(HTTP_WORKER)) == workers, "none was killed"
        assert len(receiver.requests) == 10
        assert "turning events into messages" in in_odoo(server, "engine_texts")
