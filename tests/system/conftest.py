"""Fixtures of the system tests: real PostgreSQL, real Odoo, real HTTP.

``./setup/test --only system`` builds the template database first and passes its name in the
environment. Without it, ``pytest tests/system`` builds the template database.
"""

import os
import sys
import uuid
from pathlib import Path

import pytest
from interop_setup import databases, nginx, paths, postgres, templates
from interop_setup.bootstrap import bootstrap
from interop_setup.errors import SetupError
from interop_setup.server import Server

# Shared modules are in the same folder as the tests.
sys.path.insert(0, str(Path(__file__).resolve().parent))
import certificates
import inside


@pytest.fixture(scope="session")
def cluster():
    """Return the running PostgreSQL cluster of the project (fsync off)."""
    return bootstrap(tests=False)


@pytest.fixture(scope="session")
def template(cluster):
    """Return the name of the template database with all addons."""
    return os.environ.get("INTEROP_TEMPLATE") or templates.suite_template(cluster, [])


@pytest.fixture
def make_database(cluster, template):
    """Create databases from the template; they are dropped after the test."""
    made = []

    def make(prefix="sys"):
        name = databases.throw_away_name(prefix)
        made.append(name)
        return databases.clone(cluster, template, name)

    yield make
    for name in made:
        databases.drop(cluster, name)


@pytest.fixture
def make_server(cluster, make_database):
    """Create Odoo servers with separate databases; they are stopped after the test.

    ``make_server(database=…, workers=…, …)`` takes the arguments of :class:`Server` and
    returns the started server.
    """
    made = []

    def make(**values):
        values.setdefault("cluster", cluster)
        values.setdefault("database", values.get("database") or make_database())
        values.setdefault("name", f"system-{uuid.uuid4().hex[:10]}")
        server = Server(**values)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        inside.end(server)
        server.kill()  # no test needs a clean stop, which takes seconds


@pytest.fixture
def make_proxy(tmp_path):
    """Start the shipped nginx in front of an Odoo server (``proxy_mode``).

    ``make_proxy(server, replacements)`` returns a started ``nginx.Proxy`` with these
    replacements in the shipped file.
    """
    try:
        nginx.ensure()
    except SetupError as error:
        pytest.skip(f"no nginx: {error}")
    made = []

    def make(server, replacements=None):
        crt, key = certificates.self_signed(tmp_path)
        proxy = nginx.Proxy(
            tmp_path,
            {
                "/etc/nginx/interop.crt": str(crt),
                "/etc/nginx/interop.key": str(key),
                "127.0.0.1:8069": f"127.0.0.1:{server.port}",
                "127.0.0.1:8072": f"127.0.0.1:{server.gevent_port}",
                'default "odoo";': f'default "{server.database}";',
                **(replacements or {}),
            },
        )
        made.append(proxy)
        return proxy.start()

    yield make
    for proxy in made:
        proxy.stop()


@pytest.fixture
def make_cluster():
    """Create temporary PostgreSQL clusters, with fsync by default."""
    made = []

    def make(**values):
        values.setdefault("fsync", True)
        folder = paths.RUN / f"pg-{uuid.uuid4().hex[:8]}"
        throw_away = postgres.Cluster(folder, **values)
        made.append(throw_away)
        throw_away.create()
        throw_away.start()
        return throw_away

    yield make
    for throw_away in made:
        throw_away.destroy()
