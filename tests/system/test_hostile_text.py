"""Hostile but valid text over real workers is refused, and the engine continues (case 11)."""

import json

from inbound_sender import CANARY, Sender, check_no_leak, in_odoo

NAMES = {
    f"{CANARY}\x00": 422,
    f"{CANARY}\x1f": 422,
    "\u200b\u3000": 422,
    "x" * 256: 422,
    f"{CANARY}\n": 200,
    f"{CANARY} Mu\u0308ller": 200,
    f"{CANARY} \\": 200,
    f"{CANARY} '\"; --%": 200,
    f"{CANARY} \U0001f468\u200d\U0001f469": 200,
}
STATES = ("\\", "%", "N_", "'")


def changed(sender, number, **data):
    """Return a message about the provider with other members of its data."""
    message_id, body = sender.provider()
    message = json.loads(body)
    message["occurred_at"] = f"2026-01-31T08:30:{number:02d}Z"
    message["data"].update(data)
    return message_id, json.dumps(message)


def test_each_text_is_refused_with_its_place_or_taken(make_server):
    server = make_server(workers=2)
    sender = Sender(server, **in_odoo(server, "set_up"))
    messages = [
        (changed(sender, number, name={"text": name}), status)
        for number, (name, status) in enumerate(NAMES.items())
    ]
    messages += [
        (changed(sender, 20 + n, address={"state": state, "country": "US"}), 422)
        for n, state in enumerate(STATES)
    ]
    long = {"given": [CANARY + chr(0x4E00 + n) * 240 for n in range(10)]}
    messages.append((changed(sender, 30, name=long), 422))
    messages.append((changed(sender, 40, name={"text": CANARY}), 200))
    for message, expected in messages:
        for (
            _again
        ) in "12":  # the repeated message gets the stored answer or the same refusal
            status, body, _headers = sender.post(message)
            assert status == expected, (message, body)
            if status == 422:
                assert body["errors"][0]["pointer"].startswith("/data"), body
    check_no_leak(server)
