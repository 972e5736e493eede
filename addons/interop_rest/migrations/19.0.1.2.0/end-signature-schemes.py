"""Update signature schemes from before challenges and mandatory separators existed."""

import logging

from odoo import SUPERUSER_ID, api

_logger = logging.getLogger(__name__)

# Values of the shipped scheme in a new database.
SLACK = {
    "challenge_answer": "json",
    "challenge_kind_path": "/type",
    "challenge_kind": "url_verification",
    "challenge_token_path": "/challenge",
    "challenge_member": "challenge",
}
NOTES = {
    "slack": "The signing secret of the app, as it is shown. Events come as JSON; "
    "duplicate the scheme and choose a form as the body for commands.",
    "sendgrid": "The verification key of the signed event webhook, as it is shown. The "
    "body is a list of events: kind at /event, id at /sg_event_id, time at /timestamp.",
}
OLD_NOTES = {
    "slack": "The signing secret of the app, as it is shown.",
    "sendgrid": "The verification key of the signed event webhook, as it is shown.",
}


def migrate(cr, _version):
    """Enable challenges in the shipped Slack scheme, and report ambiguous schemes."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    if "interop.signature.scheme" not in env:
        return
    _complete_shipped(env)
    _flag_ambiguous(env)


def _complete_shipped(env):
    """Set the values of a new database on shipped schemes that nobody changed."""
    for name, note in NOTES.items():
        scheme = env.ref(f"interop_rest_vendor.interop_signature_scheme_{name}", False)
        if not scheme:
            continue
        if (scheme.note or "").strip() == OLD_NOTES[name]:
            scheme.note = note
        if name != "slack" or scheme.challenge_answer:
            continue
        # SQL, because a scheme in use is read-only. The change is safe: only challenges
        # with a valid signature are answered.
        columns = ", ".join(f"{column} = %s" for column in SLACK)
        cr = env.cr
        cr.execute(
            f"UPDATE interop_signature_scheme SET {columns} WHERE id = %s",
            [*SLACK.values(), scheme.id],
        )
        scheme.invalidate_recordset(list(SLACK))


def _flag_ambiguous(env):
    """Notify the owners of systems that use a scheme without separators.

    The scheme stays usable: refusing its signatures would disconnect a partner.
    """
    schemes = env["interop.signature.scheme"].with_context(active_test=False)
    for scheme in schemes.search([]).filtered("is_ambiguous"):
        _logger.warning("a signature scheme needs a separator: %s", scheme.id)
        text = env._(
            "The text that this scheme signs has no separator between its parts. An "
            "attacker could move bytes from one part to the next. The scheme stays usable "
            "and is shown as weak. Ask the vendor for a scheme with separators. Then "
            "duplicate this scheme, correct the signed text, and select the copy on its "
            "clients."
        )
        scheme.message_post(body=text)
        for client in scheme.client_ids.filtered(lambda item: item.state != "revoked"):
            if client.system_id.owner_id:
                client.activity_schedule(
                    "mail.mail_activity_data_todo",
                    user_id=client.system_id.owner_id.id,
                    summary=env._("Signature scheme %s is weak", scheme.name),
                    note=text,
                )
