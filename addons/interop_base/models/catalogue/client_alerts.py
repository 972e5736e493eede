"""What people are told about clients: keys that cannot be read, and what ends soon."""

import logging
import time
from datetime import timedelta

from odoo import SUPERUSER_ID, api

from ... import clock

_logger = logging.getLogger(__name__)

QUIET = 60  # minutes without the fault after which it is told again
NOTE_EVERY = 60.0  # seconds between notes of one worker about one fault
_noted = {}  # (database, secret) -> moment of the monotonic clock


def begins(env, noted, key, subject):
    """Return whether a fault begins now: the first note of it over all workers since it
    was quiet.

    :param dict noted: memory of this worker: ``(database, key)`` -> moment of the
        monotonic clock until which nothing is asked
    :param key: what the fault is about
    :param str subject: name of the fault in ``interop.rate.counter``
    """
    now = time.monotonic()
    key = (env.cr.dbname, key)
    if noted.get(key, 0) > now:
        return False
    if len(noted) > 1000:
        noted.clear()
    noted[key] = now + NOTE_EVERY
    return env["interop.rate.counter"]._begins(subject, QUIET)


def note_unreadable(client, secret):
    """Tell the owner of the system of a key that cannot be read, once per episode."""
    if not begins(client.env, _noted, secret.id, f"unreadable:{secret.id}"):
        return
    _logger.warning(
        "a key cannot be read: client=%s secret=%s", client.code, secret.uuid
    )
    # On a cursor of its own: a refusal undoes what the request did.
    with client.env.registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        _alert_unreadable(
            env["interop.client"].browse(client.id),
            env["interop.secret"].browse(secret.id),
        )


def _alert_unreadable(client, secret):
    """Tell the owner of the system of a key that cannot be read."""
    owner = client.system_id.owner_id
    if not owner:
        return
    client.activity_schedule(
        "mail.mail_activity_data_todo",
        user_id=owner.id,
        summary=client.env._("A key of %s cannot be read", client.name),
        note=client.env._(
            "This server cannot decrypt the key “%(secret)s”. Calls that use this "
            "key are refused. Calls with other keys still work. Put the key that "
            "encrypted it back into the key file, or revoke it and give the "
            "partner a new one.",
            secret=secret.name,
        ),
    )


def remind(clients):
    """Give the owners of systems something to do about what ends soon; take from
    service users the rights that they had only for messages that waited."""
    clients.search([("user_id", "!=", False)])._sync_service_user()
    days = clients.env["interop.secret"]._warning_days()
    limit = clock.now() + timedelta(days=days)
    for client in clients.search([("state", "in", ("approved", "active"))]):
        if client.expires_at and client.expires_at <= limit:
            _remind(
                client,
                clients.env._("Client %s ends", client.name),
                client.expires_at,
                clients.env._(
                    "Request approval again with a later date before %s UTC: "
                    "afterwards it is refused.",
                    client.expires_at.strftime("%Y-%m-%d %H:%M"),
                ),
            )
        for secret in _ending_secrets(client, limit):
            _remind(
                client,
                clients.env._(
                    "%(secret)s (%(fingerprint)s) ends",
                    secret=secret.name,
                    fingerprint=secret.fingerprint,
                ),
                secret.valid_to,
                clients.env._(
                    "Rotate or replace it before %s UTC: afterwards what it proves is "
                    "refused.",
                    secret.valid_to.strftime("%Y-%m-%d %H:%M"),
                ),
            )


def _ending_secrets(client, limit):
    """Return, per kind, the last key or token when it ends before ``limit``."""
    ending = client.env["interop.secret"]
    valid = client._present_keys()
    for kind in set(valid.mapped("kind")):
        own = valid.filtered(lambda secret, kind=kind: secret.kind == kind)
        if all(secret.valid_to and secret.valid_to <= limit for secret in own):
            ending |= own.sorted("valid_to")[-1]
    return ending


def _remind(client, summary, end, note):
    """Schedule one activity per summary, due when it ends (naive UTC)."""
    owner = client.system_id.owner_id
    if owner and summary not in client.activity_ids.mapped("summary"):
        client.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=end.date(),
            user_id=owner.id,
            summary=summary,
            note=note,
        )
