"""The programs in docs/webhooks.md, run as they are printed."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from interop_base_tools import signing

ROOT = Path(__file__).resolve().parents[3]
ADDON = ROOT / "addons" / "interop_webhook"
PAGE = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SECRET = signing.generate_hmac_secret()
PRIVATE, PUBLIC = signing.generate_ed25519_keypair()
BODY = '{"data":{"name":"Łódź 💙"}}\n'.encode()

MONO = ["sh", "-c", 'mcs -out:verify.exe "$0" && exec mono verify.exe']
# language: (file name, command before the file name, program that has to be there)
PROGRAMS = {
    "python": ("verify.py", [sys.executable], sys.executable),
    "javascript": ("verify.cjs", ["node"], "node"),
    "java": ("Verify.java", ["java", "-XX:TieredStopAtLevel=1"], "javac"),
    "csharp": (
        ("verify.cs", MONO, "mcs")
        if shutil.which("mcs")
        else ("verify.cs", ["dotnet", "run"], "dotnet")
    ),
    "sh": ("verify.sh", ["sh"], "openssl"),
}
PRINTED = [(language, code) for language, code in BLOCKS if "WEBHOOK_SIGNATURE" in code]
PRINTED += [(language, code) for language, code in BLOCKS if '"SIGNATURE")' in code]
SENDS = [code for _language, code in BLOCKS if "curl" in code]


def given(key=SECRET, **changes):
    """The environment of a program for one message signed now, changed as asked."""
    moment = int(time.time()) - changes.pop("age", 0)
    keys = [
        # As during a rotation: another secret's signature comes first.
        signing.SigningKey.from_text(signing.generate_hmac_secret()),
        signing.SigningKey.from_text(SECRET),
        signing.SigningKey.from_text(PRIVATE),
    ]
    headers = signing.headers("msg_page", moment, BODY, keys)
    return {
        **os.environ,
        "WEBHOOK_SECRET": key,
        "WEBHOOK_PUBLIC_KEY": changes.pop("public", PUBLIC),
        "WEBHOOK_ID": changes.pop("id", headers["webhook-id"]),
        "WEBHOOK_TIMESTAMP": headers["webhook-timestamp"],
        "WEBHOOK_SIGNATURE": changes.pop("signature", headers["webhook-signature"]),
    }


def test_every_language_is_printed():
    """None is lost when the page is edited."""
    assert sorted(language for language, _code in set(PRINTED)) == sorted(
        ["python", "python", "javascript", "java", "csharp", "sh"]
    )
    assert len(SENDS) == 1


@pytest.mark.parametrize(
    ("language", "code"),
    sorted(set(PRINTED)),
    ids=lambda text: text if len(text) < 20 else f"{len(text)} characters",
)
def test_program_verifies_and_refuses(tmp_path, language, code):
    """What we sign is verified; whatever is changed is refused."""
    name, command, needs = PROGRAMS[language]
    if not shutil.which(needs):
        pytest.skip(f"{needs} is not on this machine")
    (tmp_path / name).write_text(code, "utf-8")

    def says(environment, body=BODY):
        done = subprocess.run(
            [*command, name],
            cwd=tmp_path,
            env=environment,
            input=body,
            capture_output=True,
            check=False,
        )
        assert (done.returncode == 0) == (done.stdout.strip() == b"verified")
        return done.returncode == 0

    assert says(given())
    other = signing.generate_ed25519_keypair()[1]
    assert not says(given(key=signing.generate_hmac_secret(), public=other))
    assert not says(given(), BODY + b" ")
    assert not says(given(id="msg_other"))
    assert not says(given(age=302))
    assert not says(given(age=-360))
    assert not says(given(signature="v1,AAAA v1a,AAAA"))


def test_curl_sends_what_our_own_verification_accepts():
    """The script's request is a Standard Webhook."""
    if not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("curl or openssl is not on this machine")
    spec = importlib.util.spec_from_file_location(
        "page_receiver", ADDON / "tests" / "receiver.py"
    )
    hostile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hostile)
    with hostile.Receiver() as receiver:
        environment = {
            **{key: value for key, value in os.environ.items() if "proxy" not in key},
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_URL": receiver.url,
        }
        subprocess.run(["sh", "-c", SENDS[0]], env=environment, check=True)
        (request,) = receiver.requests
    keys = [signing.VerifyingKey.from_text(SECRET)]
    signed = signing.verify(request.headers, request.body, keys, int(time.time()))
    assert signed.msg_id == request.header("webhook-id")
