"""A long transaction keeps dead rows, and deliveries continue."""

import pytest
from sessions import old_snapshot
from test_outbound import hostile, in_odoo
from waiting import wait_for

BATCHES = 4
SIZE = 400


@pytest.mark.long
@pytest.mark.alone  # the test compares the times of batches
def test_promise_5_a_held_old_transaction_does_not_stop_deliveries(make_server):
    """With an old snapshot, all batches arrive, and none is much slower than the first."""
    server = make_server(workers=2, channels="root:1")
    with hostile.Receiver() as receiver, old_snapshot(server):
        in_odoo(server, "set_up", url=receiver.url, concurrency=32)
        seconds = []
        for batch in range(1, BATCHES + 1):
            in_odoo(server, "publish", count=SIZE, name=f"Batch {batch}")
            wanted = batch * SIZE
            assert wait_for(lambda count=wanted: len(receiver.requests) >= count, 60)
            times = [request.at for request in receiver.requests[wanted - SIZE :]]
            seconds.append(max(times) - min(times))
        server.cluster.psql("VACUUM interop_message", database=server.database)
        dead = server.cluster.psql(
            "SELECT n_dead_tup FROM pg_stat_user_tables"
            " WHERE relname = 'interop_message'",
            database=server.database,
        )
        assert int(dead) >= SIZE, "the snapshot holds nothing back"
        assert seconds[-1] < 5 * max(seconds[0], 0.5), seconds
        found = {request.header("webhook-id") for request in receiver.requests}
        assert len(found) == len(receiver.requests) == BATCHES * SIZE
