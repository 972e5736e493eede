"""Applying inbound messages."""

import json
import logging

from odoo import api, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ... import const, db
from ...exceptions import (
    ContentRefused,
    HandledError,
    LostRace,
    SchemaViolation,
    Skipped,
    TechnicalError,
)
from ..engine import origin
from ..engine.engine_types import Result

_logger = logging.getLogger(__name__)


class InteropMessage(models.Model):
    """One effect per message, or none and a reason."""

    _inherit = "interop.message"

    def _service_user(self):
        """Return the user on whose rights the message is applied: that of its client."""
        self.ensure_one()
        client = self.client_id
        if not client.user_id:
            return self.env.ref("interop_base.user_integration")
        interface = self.interface_id
        allowed = {flow.interface_id for flow in client._scope().flows}
        given = client.state == "active" and interface.id in allowed
        if not given and interface.state == "active":  # else it is a dry run
            # Accepted before, and tried again perhaps long after that.
            client._sync_service_user()
        return client.user_id

    @api.private
    def _apply_now(self, data=None, started=None):
        """Apply one inbound message in a savepoint and move it to its end state.

        Business failures end ``dead`` or ``parked`` with their reason and no partial effect.
        A value that is taken is one only when the try before found it taken, too.

        :param dict data: the member ``data``; read from the stored content by default
        :param datetime started: since when it is being tried; counts as a try then
        :raises TechnicalError: nothing was applied and the state is unchanged: try later
        """
        self.ensure_one()
        if data is None:
            data = self._stored_data()
        self._forget_fields()
        raced = self.error_code == LostRace.code
        try:
            with db.quiet(), self.env.cr.savepoint():
                self._apply_as_service_user(data, started)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except TechnicalError:
            raise
        except (HandledError, UserError, AccessError) as error:
            self._settle_failure(error)
            self._count_try(started)
        except Exception as error:  # noqa: BLE001
            _logger.error(
                "message %s could not be applied: %s", self.id, type(error).__name__
            )
            failure = self._worth_another_try(error, raced)
            if failure:
                raise failure from None
            self._settle_failure(self._content_refused(error))
            self._count_try(started)
        return self

    def _worth_another_try(self, error, raced):
        """Return the technical error that an unexpected exception means, None if it is
        about content.

        :param bool raced: whether the try before ended with ``LostRace``
        """
        name = type(error).__name__
        if db.may_be_a_race(error) and not raced:
            return LostRace(
                self.env._(
                    "A value is taken or a record is gone (%s), perhaps since a moment "
                    "ago. The message is tried once more.",
                    name,
                )
            )
        if db.is_about_content(error):
            return None
        return TechnicalError(
            self.env._("Applying failed (%s).", name), code="apply_failed"
        )

    def _content_refused(self, error):
        """Return the business error of a value that cannot be kept; of the exception it
        tells the kind alone, since its text may quote the value."""
        named = getattr(getattr(error, "diag", None), "column_name", None)
        return ContentRefused(
            self.env._(
                "A value of this message cannot be stored (%s). Correct the value at "
                "its source, then send it as a new message.",
                f"{type(error).__name__}: {named}" if named else type(error).__name__,
            ),
            pointer="/data",
        )

    def _settle_failure(self, error):
        """Move a message of which nothing was applied to the state that ``error``
        (``HandledError``, or a refusal by Odoo) means."""
        if isinstance(error, Skipped):
            self._set_skipped(str(error), error_code=error.code)
        elif isinstance(error, HandledError):
            settle = self._set_parked if error.parks else self._set_dead
            vals = {"error_pointer": error.pointer or False}
            if error.error_class == "schema":
                vals.update(self._out_of_turn())
            settle(error.error_class, error.code, str(error), **vals)
            self._note_fields(getattr(error, "report", []))
            self._note_refusal(error)
        else:
            vals = self._out_of_turn() if isinstance(error, ValidationError) else {}
            text = self._safe_refusal(error)
            self._set_dead("business_rule", "refused_by_odoo", text, **vals)

    def _out_of_turn(self):
        """Return the values of a message that holds nothing back any more.

        Content that can never be applied had its turn: the message that corrects it,
        and all that come later, need not wait.
        """
        return {"lane": const.LEFT_LANE + self._own_lane()}

    def _note_refusal(self, error):
        """Called when content was refused, the message has been settled and nothing of
        it was applied; addons that keep track of what people have to decide extend it.

        :param error: ``HandledError``; ``question`` says what is to be decided
        """

    def _apply_as_service_user(self, data, started=None):
        user = self._service_user()
        company = self.company_id or user.company_id
        handler = (
            self.contract_id._handler()
            .with_user(user)
            .with_context(allowed_company_ids=company.ids, tracking_disable=False)
            .with_company(company)
        )
        # sudo: the log line itself belongs to the engine, the service user may not read it
        message_sudo = self.with_env(handler.env).sudo()
        cleaned = handler._clean(data)
        violations = self.contract_id._text_violations(data, cleaned)
        if violations:  # accepted by an older version, or by a dry run
            raise SchemaViolation(violations)
        with origin.applying(self):
            record = handler._apply(message_sudo, cleaned)
        # Before the effect is written: report, try and outcome are one statement then,
        # and what the database refuses takes them with it.
        self._count_try(started)
        self._set_done(record)
        with origin.applying(self):
            handler.env.flush_all()
        return record

    def _safe_refusal(self, error):
        """Return the text of an Odoo error, unless it could quote protected content."""
        if self.data_class in const.PROTECTED_CLASSES:
            return self.env._(
                "Odoo refused the content (%s). Details would show protected data.",
                type(error).__name__,
            )
        return str(error)

    def _stored_data(self):
        content = self._payload_bytes()
        if content is None:
            raise TechnicalError(
                self.env._("The content is no longer kept."), code="no_content"
            )
        return json.loads(content)["data"]

    @api.private
    def _lock_claim(self, lease_token):
        """Lock the row if the lease is still ours; returns whether it is."""
        self.env.cr.execute(
            """SELECT 1 FROM interop_message
                WHERE id = %s AND lease_token = %s AND state = 'processing'
                  FOR UPDATE""",
            [self.id, lease_token],
        )
        return bool(self.env.cr.fetchone())

    def _count_try(self, started):
        """Count a try since ``started``; without a moment it is none."""
        if started:
            # sudo: the log is written for whoever sends
            self.sudo().write(
                {
                    "attempt_count": self.attempt_count + 1,
                    "first_attempt_at": self.first_attempt_at or started,
                }
            )

    @api.private
    def _note_lost_race(self, error, started):
        """Count a try that ended with ``LostRace``, of a message that stays pending.

        :param error: the ``LostRace``
        """
        self._count_try(started)
        vals = self._failure_values(error.error_class, error.code, str(error))
        names = ("error_class", "error_kind", "error_code", "error_message", "cause")
        # sudo: the log is written for whoever sends
        self.sudo().write(
            {"try_count": self.attempt_count, **{name: vals[name] for name in names}}
        )

    @api.private
    def _note_applied(self, started, seconds):
        """Record the try of an applied inbound message, which was counted with its
        outcome (``seconds``: how long it took)."""
        self.ensure_one()
        outcomes = {
            "done": "done",
            "skipped": "done",
            "parked": "parked",
            "pending": "retry",
        }
        self.env["interop.attempt"]._record(
            [
                Result(
                    message_id=self.id,
                    lease_token="",
                    outcome=outcomes.get(self.state, "dead"),
                    started_at=started,
                    duration_ms=int(1000 * seconds),
                    error_class=self.error_class or None,
                    error_message=self.error_message or None,
                )
            ],
            {self.id} if self.first_attempt_at == started else (),
        )
