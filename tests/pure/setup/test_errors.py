"""Each thing that can be missing gives an error with its remedy."""

import subprocess
import sys

import pytest
from interop_setup import (
    __main__,
    apt,
    browser,
    manifests,
    node,
    odoo_source,
    paths,
    postgres,
    process,
    server,
    venv,
)
from interop_setup.errors import SetupError


@pytest.fixture
def nothing_installed(monkeypatch, tmp_path):
    """A machine with no programs, no ODOO_PATH and an empty var/."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ODOO_PATH", raising=False)
    monkeypatch.delenv("INTEROP_PG_BIN", raising=False)
    for name in ("VAR", "ODOO", "VENV", "LOG", "RUN", "APT"):
        monkeypatch.setattr(paths, name, tmp_path / "var" / name.lower())


def test_no_apt_and_no_odoo_path(nothing_installed):
    with pytest.raises(SetupError, match="No Odoo 19") as caught:
        odoo_source.ensure()
    assert "ODOO_PATH" in caught.value.remedy


def test_no_apt_to_install_with(nothing_installed):
    with pytest.raises(SetupError, match="no apt-get") as caught:
        apt.install(["postgresql"], "PostgreSQL")
    assert "postgresql" in caught.value.remedy


def test_not_root_and_package_missing(monkeypatch):
    monkeypatch.setattr(apt, "available", lambda: True)
    monkeypatch.setattr(apt, "is_root", lambda: False)
    with pytest.raises(SetupError, match="PostgreSQL is missing") as caught:
        apt.install(["postgresql"], "PostgreSQL")
    assert caught.value.remedy == "Install as root: apt-get install postgresql"


def test_postgresql_absent(nothing_installed, monkeypatch):
    monkeypatch.setattr(postgres, "find_binaries", lambda: None)
    with pytest.raises(SetupError, match="PostgreSQL is missing"):
        postgres.ensure_binaries()


def test_postgresql_folder_wrong(monkeypatch, tmp_path):
    monkeypatch.setenv("INTEROP_PG_BIN", str(tmp_path))
    with pytest.raises(SetupError, match="has no initdb"):
        postgres.find_binaries()


def test_browser_absent(nothing_installed):
    with pytest.raises(SetupError, match="browser"):
        browser.ensure()


def test_node_absent(nothing_installed):
    with pytest.raises(SetupError, match=r"Node.js 20\.19 or newer") as caught:
        node.folder()
    assert "./setup/bootstrap" in caught.value.remedy


def test_python_too_old(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SetupError, match=r"Python 3\.9\.2 is too old") as caught:
        venv.check_python()
    assert "INTEROP_PYTHON" in caught.value.remedy


def test_no_python_at_all(tmp_path):
    done = subprocess.run(
        [paths.SETUP / "launch", "bootstrap"],
        env={"PATH": str(_few_programs(tmp_path)), "INTEROP_PYTHON": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no Python 3.11 or newer was found" in done.stderr
    assert "Remedy" in done.stderr


def _few_programs(folder):
    """A PATH with what ``launch`` itself calls, and no Python."""
    for name in ("dirname", "id"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    return folder


def test_port_taken():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} .* taken") as caught:
            server.check_port(port)
    assert "choose another port" in caught.value.remedy
    server.check_port(server.free_port())


def test_unknown_addon():
    with pytest.raises(SetupError, match="no addon interop_nowhere"):
        manifests.closure(["interop_nowhere"])


def test_program_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "LOG", tmp_path)
    with pytest.raises(SetupError) as caught:
        process.run(
            ["sh", "-c", "echo out; echo err >&2; exit 3"],
            what="A test",
            remedy="Do this.",
            cwd=tmp_path,
        )
    assert "exit code 3" in caught.value.message
    assert "out" in caught.value.message
    assert "err" in caught.value.message
    assert caught.value.remedy.startswith("Do this.")


def test_main_turns_errors_into_exit_codes(monkeypatch, capsys):
    def fail(_arguments):
        raise SetupError("It broke.", "Mend it.")

    def interrupt(_arguments):
        raise KeyboardInterrupt

    from interop_setup import bootstrap

    monkeypatch.setattr(bootstrap, "main", fail)
    assert __main__.main(["bootstrap"]) == 1
    assert "error: It broke.\n  Remedy: Mend it." in capsys.readouterr().err
    monkeypatch.setattr(bootstrap, "main", interrupt)
    assert __main__.main(["bootstrap"]) == 130
    assert __main__.main([]) == 2
    assert __main__.main(["nonsense"]) == 2
