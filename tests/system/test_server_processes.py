"""The server helper that other system tests use."""

import json
import subprocess
import sys
import urllib.request

import pytest
from interop_setup import databases
from interop_setup.errors import SetupError
from interop_setup.processes import alive
from interop_setup.server import CRON_WORKER, HTTP_WORKER, JOB_RUNNER, check_port
from waiting import wait_for


def get(url):
    """Return the status of a GET."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status


def test_workers_are_killed_and_come_back(make_server):
    """A killed worker is replaced; a killed server leaves no process and restarts."""
    server = make_server(workers=2)
    assert len(server.worker_pids(HTTP_WORKER)) == 2
    assert len(server.worker_pids(CRON_WORKER)) == 1
    assert wait_for(lambda: len(server.worker_pids(JOB_RUNNER)) == 1)
    with pytest.raises(SetupError, match="taken"):
        check_port(server.port)

    killed = server.kill_worker()
    assert wait_for(lambda: not alive(killed))
    assert wait_for(lambda: len(server.worker_pids(HTTP_WORKER)) == 2)
    assert killed not in server.worker_pids(HTTP_WORKER)

    family = server.pids()
    server.kill()
    assert not [pid for pid in family if alive(pid)]
    assert not server.running()

    server.restart()
    assert get(f"{server.url}/web/health") == 200
    family = server.pids()
    server.stop()
    assert not [pid for pid in family if alive(pid)]


def test_kills_only_its_own(make_server):
    """A process of another program is not killed."""
    server = make_server(workers=1)
    with pytest.raises(SetupError):
        server.kill_worker(pid=1)


STARTER = """
import json, sys, time
from interop_setup import postgres
from interop_setup.server import Server

server = Server("system-orphan", postgres.main_cluster(), sys.argv[1]).start()
print(json.dumps(server.pids()), flush=True)
time.sleep(600)
"""


def test_no_server_outlives_its_killed_starter(make_database):
    """If the process that started a server is killed, the server and its workers end."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, make_database()],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        family = json.loads(starter.stdout.readline())
        assert len(family) > 2
        assert all(map(alive, family))
    finally:
        starter.kill()
        starter.wait()
    assert wait_for(lambda: not any(map(alive, family)))


def test_cluster_survives_its_death(make_cluster):
    """With fsync, committed data exists after ``kill -9`` of PostgreSQL."""
    cluster = make_cluster()
    assert cluster.psql("SHOW fsync") == "on"
    assert cluster.psql("SHOW log_min_error_statement") == "panic"
    cluster.psql("CREATE DATABASE kept")
    cluster.psql("CREATE TABLE t AS SELECT 42 AS n", database="kept")
    pid = cluster.pid()
    cluster.kill()
    assert not alive(pid)
    assert not cluster.running()
    cluster.start()
    assert cluster.psql("SELECT n FROM t", database="kept") == "42"


def test_clone_has_the_filestore(cluster, template, make_database):
    """A database from the template has the attachments of the template."""
    name = make_database()
    there = sorted(path.name for path in databases.filestore(name).rglob("*"))
    assert there
    assert there == sorted(
        path.name for path in databases.filestore(template).rglob("*")
    )
