"""Activities about clients: keys that cannot be decrypted, and dates of expiry."""

import logging
import time
from datetime import timedelta

from odoo import SUPERUSER_ID, api

from ... import clock

_logger = logging.getLogger(__name__)

QUIET = 60  # minutes; a second alert about one fault comes after so long without it
NOTE_EVERY = 60.0  # seconds between two notes of one worker about one fault
_noted = {}  # (database, secret) -> time.monotonic() of the next note


def begins(env, noted, key, subject):
    """Return whether a fault begins now, over all workers.

    A fault begins when it has not occurred for ``QUIET`` minutes.

    :param dict noted: cache of this worker: ``(database, key)`` -> ``time.monotonic()``
        until which the database is not queried
    :param key: the record with the fault
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
    """Alert the owner of the system once about a key that cannot be decrypted."""
    if not begins(client.env, _noted, secret.id, f"unreadable:{secret.id}"):
        return
    _logger.warning(
        "a key cannot be read: client=%s secret=%s", client.code, secret.uuid
    )
    # A separate cursor: a refused request is rolled back, the alert must stay.
    with client.env.registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        _alert_unreadable(
            env["interop.client"].browse(client.id),
            env["interop.secret"].browse(secret.id),
        )


def _alert_unreadable(client, secret):
    """Schedule the activity for the owner of the system."""
    owner = client.system_id.owner_id
    if not owner:
        return
    client.activity_schedule(
        "mail.mail_activity_data_todo",
        user_id=owner.id,
        summary=client.env._("A key of client %s cannot be decrypted", client.name),
        note=client.env._(
            "This server cannot decrypt the key “%(secret)s” and refuses all calls "
            "that use it. Other keys of the client still work. Put the encryption key "
            "back into the key file. If it is lost, revoke the key and give the "
            "partner a new one.",
            secret=secret.name,
        ),
    )


def remind(clients):
    """Schedule activities for the owners of systems about clients and keys that expire
    soon. Also remove rights that service users no longer need."""
    clients.search([("user_id", "!=", False)])._sync_service_user()
    days = clients.env["interop.secret"]._warning_days()
    limit = clock.now() + timedelta(days=days)
    for client in clients.search([("state", "in", ("approved", "active"))]):
        if client.expires_at and client.expires_at <= limit:
            _remind(
                client,
                clients.env._("Client %s expires soon", client.name),
                client.expires_at,
                clients.env._(
                    "The server refuses this client from %s UTC on. Set a later "
                    "expiry date and request approval again.",
                    client.expires_at.strftime("%Y-%m-%d %H:%M"),
                ),
            )
        for secret in _ending_secrets(client, limit):
            _remind(
                client,
                clients.env._(
                    "%(secret)s (%(fingerprint)s) expires soon",
                    secret=secret.name,
                    fingerprint=secret.fingerprint,
                ),
                secret.valid_to,
                clients.env._(
                    "The server refuses calls that use this key or token from %s UTC "
                    "on. Rotate or replace it before.",
                    secret.valid_to.strftime("%Y-%m-%d %H:%M"),
                ),
            )


def _ending_secrets(client, limit):
    """Return the last valid key or token per kind if it expires before ``limit``."""
    ending = client.env["interop.secret"]
    valid = client._present_keys()
    for kind in set(valid.mapped("kind")):
        own = valid.filtered(lambda secret, kind=kind: secret.kind == kind)
        if all(secret.valid_to and secret.valid_to <= limit for secret in own):
            ending |= own.sorted("valid_to")[-1]
    return ending


def _remind(client, summary, end, note):
    """Schedule one activity with this summary, due at ``end`` (naive UTC)."""
    owner = client.system_id.owner_id
    if owner and summary not in client.activity_ids.mapped("summary"):
        client.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=end.date(),
            user_id=owner.id,
            summary=summary,
            note=note,
        )
