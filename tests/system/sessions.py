"""PostgreSQL sessions that a test keeps open."""

import subprocess
from contextlib import contextmanager

from interop_setup.process import tied


@contextmanager
def held(server, *statements):
    """Run the statements in a session and keep it open; the last one returns a row.

    Each statement ends with a semicolon.
    """
    cluster = server.cluster
    session = subprocess.Popen(
        tied(
            [
                *(cluster.program("psql"), "-X", "-q", "-A", "-t"),
                *("-h", cluster.socket, "-U", "interop", "-d", server.database),
            ]
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    session.stdin.write("\n".join(statements) + "\n")
    session.stdin.flush()
    session.stdout.readline()
    try:
        yield
    finally:
        session.stdin.close()
        session.wait(20)


def locked(server, table, mode):
    """Hold a lock on a table."""
    return held(
        server, "BEGIN;", f"LOCK TABLE {table} IN {mode} MODE;", "SELECT 'held';"
    )


def old_snapshot(server):
    """Keep an old snapshot open, so that dead rows cannot be removed."""
    return held(
        server,
        "BEGIN ISOLATION LEVEL REPEATABLE READ;",
        "SELECT count(*) FROM interop_message;",
    )


def somebody_waits(server, table):
    """Return whether a session waits for a lock on a table."""
    return server.cluster.psql(
        "SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        f" WHERE NOT l.granted AND c.relname = '{table}' LIMIT 1",
        database=server.database,
    )
