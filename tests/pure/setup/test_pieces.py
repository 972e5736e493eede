"""The set-up's small pure pieces."""

import base64
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from interop_setup import (
    apt,
    benching,
    databases,
    keyfile,
    node,
    odoo_config,
    odoo_source,
    postgres,
    processes,
    progress,
    server,
)
from interop_setup.errors import SetupError


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (125.4, "2 min 05 s")],
)
def test_duration(seconds, text):
    assert progress.duration(seconds) == text


def test_step_tells_how_it_ended(capsys):
    with progress.step("Trying"):
        pass
    with pytest.raises(ValueError), progress.step("Failing"):
        raise ValueError
    out = capsys.readouterr().out
    assert "==> Trying …\n    done in 0.0 s" in out
    assert "failed after 0.0 s: Failing" in out


def test_key_file(tmp_path):
    path = keyfile.ensure(tmp_path / "keys" / "interop.keys")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [
        line.split(" = ", 1)
        for line in path.read_text().splitlines()
        if not line.startswith("#")
    ]
    assert [key_id for key_id, _key in lines] == ["k1", "blind"]
    assert {len(base64.b64decode(key, validate=True)) for _id, key in lines} == {32}
    assert len({key for _id, key in lines}) == 2
    before = path.read_text()
    assert keyfile.ensure(path).read_text() == before


def test_one_key_file_however_many_make_it(tmp_path):
    path = tmp_path / "interop.keys"
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _n: keyfile.ensure(path).read_text(), range(64)))
    assert len(found) == 1
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_key_file_is_what_the_addon_reads():
    from interop_base_tools import keyring

    ring = keyring.parse_key_file(keyfile.generate(("k2", "k1")))
    assert list(ring.key_ids) == ["k2", "k1"]
    key_id, blob = ring.encrypt(b"content", b"aad")
    assert key_id == "k2"  # the first encrypts
    assert ring.decrypt(key_id, blob, b"aad") == b"content"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("version_info = (19, 0, 0, FINAL, 0, '')\n", "19.0"),
        ("version_info = ('saas~19', 1, 0, FINAL, 0, '')\n", "saas~19.1"),
        ("nothing = 1\n", None),
        (None, None),
    ],
)
def test_odoo_version(tmp_path, text, version):
    if text is not None:
        (tmp_path / "odoo").mkdir()
        (tmp_path / "odoo" / "release.py").write_text(text)
    assert odoo_source.version_of(tmp_path) == version


def test_odoo_path(tmp_path, monkeypatch):
    monkeypatch.setenv("ODOO_PATH", str(tmp_path))
    with pytest.raises(SetupError, match="has no Odoo"):
        odoo_source.given()
    (tmp_path / "odoo").mkdir()
    release = tmp_path / "odoo" / "release.py"
    release.write_text("version_info = (18, 0, 0, FINAL, 0, '')\n")
    with pytest.raises(SetupError, match=r"is Odoo 18\.0"):
        odoo_source.given()
    release.write_text("version_info = (19, 0, 0, FINAL, 0, '')\n")
    assert odoo_source.given() == tmp_path
    assert odoo_source.ensure() == tmp_path  # nothing is downloaded
    monkeypatch.delenv("ODOO_PATH")
    assert odoo_source.given() is None


def test_node_version():
    assert node.parse_version("v20.19.1\n") == (20, 19, 1)
    assert node.parse_version("nonsense") == ()
    assert node.parse_version("v18.19.0") < node.MINIMUM <= (20, 19, 0)


def test_server_wide_modules():
    assert odoo_config.server_wide_modules([]) == "base,rpc,web,queue_job"
    wide = odoo_config.server_wide_modules(["interop_base", "interop_rest"])
    assert wide == "base,rpc,web,queue_job,interop_rest"


def test_config_file(tmp_path):
    path = tmp_path / "odoo.conf"
    odoo_config.write(path, {"options": {"a": "1"}, "interop": {"b": "2"}})
    assert path.read_text() == "[options]\na = 1\n\n[interop]\nb = 2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_socket_path_fits_the_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres, "server_user", lambda: None)
    short = postgres.Cluster(tmp_path)
    assert short.socket.is_relative_to(tmp_path)
    deep = postgres.Cluster(tmp_path / ("x" * 120))
    assert len(str(deep.socket)) < postgres.SOCKET_LIMIT
    assert deep.socket != postgres.Cluster(tmp_path / ("y" * 120)).socket


def test_processes_finds_itself():
    import os
    from pathlib import Path

    me = os.getpid()
    assert processes.alive(me)
    assert me in processes.descendants(os.getppid())
    assert me in processes.working_in(Path.cwd())
    assert not processes.alive(2**22 + 1)
    assert processes.title(2**22 + 1) == ""


def test_processes_tells_what_runs():
    script = "print(flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", script, "marked"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        child.stdout.readline()  # before it runs, it has no title
        assert processes.title(child.pid).startswith(
            f"{sys.executable} -c {script} marked"
        )
    finally:
        child.communicate(b"\n")


def test_no_port_is_given_twice():
    """Not by one process, nor by several at once."""
    script = (
        "from interop_setup.server import free_port\n"
        "print(*(free_port() for _number in range(50)), flush=True)\n"
        "input()\n"  # the claims end with the process
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _number in range(4)
    ]
    found = [port for child in children for port in child.stdout.readline().split()]
    for child in children:
        child.communicate("\n")
    assert len(set(found)) == len(found) == 4 * 50
    assert {int(port) for port in found} <= set(server.PORTS)


def test_bench_command_line():
    name = benching.known()[0] if benching.known() else None
    with pytest.raises(SetupError, match="no bench nonsense"):
        benching.parse(["nonsense"])
    if name:
        parsed = benching.parse([name, "--rows=10", "--page-size=5"])
        assert parsed == (name, {"rows": "10", "page_size": "5"})
        with pytest.raises(SetupError, match="The option --rows is malformed"):
            benching.parse([name, "--rows"])


@pytest.mark.parametrize(
    "figures", [{}, None, {"a": "1"}, {"a": True}, {"a": float("nan")}, [1]]
)
def test_bench_figures_are_plain_numbers(figures):
    with pytest.raises(SetupError, match="not plain numbers"):
        benching.check_figures(figures)


def test_bench_figures_pass():
    assert benching.check_figures({"a": 1, "b": 2.5}) == {"a": 1, "b": 2.5}


POLICY = """\
fonts-there:
  Installed: (none)
  Candidate: 5.0.10+really4.7.0~dfsg-4.1
  Version table:
     5.0.10+really4.7.0~dfsg-4.1 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
installed-and-there:
  Installed: 3.6.1-1
  Candidate: 3.6.1-1
  Version table:
 *** 3.6.1-1 500
        500 mirror+file:/etc/apt/mirrors bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
only-installed:
  Installed: 1.0-1
  Candidate: 1.0-1
  Version table:
 *** 1.0-1 100
        100 /var/lib/dpkg/status
virtual:
  Installed: (none)
  Candidate: (none)
  Version table:
"""


def test_packages_that_can_be_downloaded():
    assert apt.with_candidate(POLICY) == {"fonts-there", "installed-and-there"}
    assert apt.with_candidate("") == set()


def test_cluster_moves_where_its_user_may_go(tmp_path, monkeypatch):
    wanted = tmp_path / "project" / "var" / "pg"
    monkeypatch.setattr(postgres, "server_user", lambda: "somebody")
    monkeypatch.setattr(postgres, "may_enter", lambda _folder, _user: False)
    moved = postgres.Cluster(wanted).folder
    assert moved.parent == postgres.ELSEWHERE
    assert moved != postgres.Cluster(tmp_path / "other" / "var" / "pg").folder
    monkeypatch.setattr(postgres, "may_enter", lambda _folder, _user: True)
    assert postgres.Cluster(wanted).folder == wanted
    monkeypatch.setattr(postgres, "server_user", lambda: None)
    monkeypatch.setattr(postgres, "may_enter", lambda _folder, _user: False)
    assert postgres.Cluster(wanted).folder == wanted


def test_may_enter_looks_at_what_is_there(tmp_path):
    import getpass

    assert postgres.may_enter(tmp_path / "not" / "there", getpass.getuser())


def test_throw_away_databases_know_their_owner():
    import os

    name = databases.throw_away_name("test")
    assert databases.owner_of(name) == os.getpid()
    assert databases.owner_of(f"{name}-gw1") == os.getpid()
    assert name != databases.throw_away_name("test")
    for other in ("interop_demo", "dev_p1_x", "tpl_suite_0123456789abcdef_part"):
        assert databases.owner_of(other) is None


def test_a_copy_is_on_disk_before_anybody_uses_it():
    """Without a checkpoint a copy that was made just before a crash can come back with
    sequences behind their rows (``wal_level = minimal``)."""
    said = []

    class Cluster:
        def psql(self, sql, role=None):
            said.append((sql.split(" ")[0], role))

    databases.clone(Cluster(), "no_such_template", "no_such_copy")
    assert said == [("DROP", None), ("CREATE", None), ("CHECKPOINT", "postgres")]


def test_orphaned_databases_are_dropped(monkeypatch):
    dropped = []
    dead, live = "test_p4194305_0123abcd", databases.throw_away_name("bench")

    class Cluster:
        def databases(self):
            return [dead, live, "interop_demo"]

    monkeypatch.setattr(databases, "drop", lambda _cluster, name: dropped.append(name))
    databases.drop_orphans(Cluster())
    assert dropped == [dead]
