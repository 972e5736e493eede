"""The inbound pipeline's last steps: claim the message, apply it, answer."""

from urllib.parse import quote

import psycopg2

from odoo import api, models

from odoo.addons.interop_base import clock, db
from odoo.addons.interop_base.exceptions import LostRace, TechnicalError
from odoo.addons.interop_base.models.vault.interop_payload import SEALED
from odoo.addons.interop_base.tools import trace

from ..exceptions import Problem
from ..tools import problems
from .inbound_types import Answer

STATUS_PATH = "/interop/v1/messages/"
# Is an earlier message of the same ordering key still to be applied: in progress, or
# parked until somebody decides? Asked while the row is inserted: what is there then was
# numbered before it.
_WAITS = """EXISTS (SELECT FROM interop_message AS earlier
                     WHERE earlier.lane = %s AND earlier.ordering_key = %s
                       AND earlier.state IN ('pending', 'processing', 'parked'))"""
# By the database's clock: claims go by it.
_NOW = "clock_timestamp() AT TIME ZONE 'UTC'"
_TIMES = ("next_attempt_at", "create_date", "write_date")


class InteropInbound(models.AbstractModel):
    """Everything here is in one transaction: the row, the effect and the answer."""

    _inherit = "interop.inbound"

    @api.model
    def _claim(self, client_sudo, route, envelope, call):
        """Insert the message row, which is the replay guard; return it, and whether it
        has to wait for an earlier message that would be applied at once as well."""
        values = self._claim_values(client_sudo, route, envelope, call)
        waits, asked = "false", []
        if values["ordering_key"] and route.interface.latency_tier == "real_time":
            waits, asked = _WAITS, [values["lane"], values["ordering_key"]]
        # sudo: content is closed to every group
        payloads_sudo = client_sudo.env["interop.payload"].sudo()
        content = (
            route.company.id,
            route.interface.data_class,
            call.content or call.body,
        )
        (sealed,) = payloads_sudo._sealed([content])
        names = ", ".join(f'"{name}"' for name in (*values, *_TIMES))
        marks = ", ".join(["%s"] * len(values) + [_NOW] * len(_TIMES))
        # Not with create(): if another transaction has just inserted the same message,
        # the statement must neither fail loudly nor be logged. Content and row are one
        # statement: they are there together or not at all.
        found = self._fetch_claim(
            client_sudo,
            f"""WITH content AS (
                    INSERT INTO interop_payload ({SEALED}, created_at)
                    VALUES (%s, %s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')
                    RETURNING id)
                INSERT INTO interop_message ({names}, payload_id)
                SELECT {marks}, id FROM content
                    ON CONFLICT DO NOTHING
                 RETURNING id, payload_id, {waits}, {", ".join(_TIMES)}""",
            [*sealed, *values.values(), *asked],
        )
        if not found:
            raise Problem(
                "in_flight", headers={"Retry-After": "2"}, client=client_sudo.code
            )
        ((message_id, values["payload_id"], has_to_wait, *times),) = found
        values.update(zip(_TIMES, times, strict=True))
        # sudo: the log is written for a caller that is no user of it
        message = client_sudo.env["interop.message"].sudo().browse(message_id)
        message._fill_cache(values)
        return message, has_to_wait

    @api.model
    def _fetch_claim(self, client_sudo, query, params):
        """Run the statement of a claim; what the database refuses for its values is a
        refusal of the message, never a reason to send it again."""
        code, refused = "content_refused", None
        try:
            return db.fetch(client_sudo.env.cr, query, params)
        except (psycopg2.Error, ValueError) as error:
            if not db.is_about_content(error):
                raise
            if db.may_be_a_race(error):
                code = "technical"  # what the row names has just been removed
            refused = type(error).__name__
        # Raised out here: the exception of the database quotes values.
        raise Problem(code, reason=refused, client=client_sudo.code)

    @api.model
    def _claim_values(self, client_sudo, route, envelope, call):
        """Return the columns of the message row: hashes and blind indexes, no
        content."""
        interface = route.interface
        vault = client_sudo.env["interop.vault"]
        data_class = interface.data_class
        keys = route.contract._handler()._inbound_keys(envelope)
        return {
            "direction": "in",
            "client_id": client_sudo.id,
            "external_id": envelope.id,
            "interface_id": interface.id,
            "system_id": client_sudo.system_id.id,
            "contract_id": route.contract.id,
            "company_id": route.company.id,
            "state": "pending",
            "data_class": data_class,
            "test": envelope.test,
            "lane": interface._lane(),
            "try_count": 0,
            "attempt_count": 0,
            "correlation_id": envelope.correlation_id,
            "causation_id": envelope.causation_id,
            "traceparent": str(trace.child(call.trace)),
            "sequence": envelope.sequence,
            "epoch": envelope.epoch,
            "occurred_at": envelope.occurred_at.replace(tzinfo=None),
            "size": len(call.content or call.body),
            "body_hash": vault._body_hash(call.body),
            **client_sudo.env["interop.message"]._key_values(data_class, *keys),
            "create_uid": client_sudo.env.uid,
            "write_uid": client_sudo.env.uid,
        }

    @api.model
    def _settle(self, message, has_to_wait, envelope):
        """Apply a real-time message now; leave any other to the pump, and one that
        has to wait for an earlier message of its ordering key."""
        if message.test:
            message._set_skipped("Test message: verified, not applied.")
        elif message.interface_id.latency_tier == "real_time" and not has_to_wait:
            self._apply(message, envelope.data)
        else:
            message.env["interop.pump"]._arm_after_commit()

    @api.model
    def _apply(self, message, data):
        """Apply in a savepoint; a technical failure stores nothing and asks to try
        again.

        After a lost race the message is kept for the pump: only another transaction
        sees whether it was one, and the second time the content is to blame.
        """
        started = clock.now()
        try:
            message._apply_now(data, started)
        except LostRace as error:
            message._note_lost_race(error, started)
            message.env["interop.pump"]._arm_after_commit()
        except TechnicalError as error:
            reason = f"{error.error_class}:{error.code}"
            raise Problem(
                "technical", reason=reason, client=message.client_id.code
            ) from None
        seconds = (clock.now() - started).total_seconds()
        message._note_applied(started, seconds)

    @api.model
    def _answer(self, message, call):
        """Return the answer for a message in its present state."""
        status = message._answer_status()
        location = STATUS_PATH + quote(message.external_id, safe="")
        extra = message.contract_id._lifecycle_headers()
        if status != 422:
            if status == 202:
                extra["Location"] = location
            return Answer(status, message._status_body(), extra)
        code = problems.failure_code(message.error_code)
        if message.state == "cancelled":
            code = "cancelled"
        documented = message.error_code == code and message.state != "cancelled"
        detail = message.error_message if documented else ""
        body = problems.problem(
            code,
            base_url=call.base_url,
            trace_id=call.trace.trace_id,
            detail=detail,
            errors=message._answer_errors(detail or problems.KINDS[code].advice),
            message=message._status_body(),
            status_url=location,
        )
        return Answer(422, body, extra, problems.MEDIA_TYPE)
