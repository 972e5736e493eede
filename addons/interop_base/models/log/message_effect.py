"""Applying one inbound message: completely, or not at all with a reason."""

import json
import logging

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

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
from . import message_moves as moves
from . import message_report

_logger = logging.getLogger(__name__)

_OUTCOMES = {"done": "done", "skipped": "done", "parked": "parked", "pending": "retry"}


class MessageEffect:
    """Apply one message and move it to its end state.

    :param message: ``interop.message``, inbound
    :param datetime started: start of the attempt; without it, no attempt is counted
    """

    def __init__(self, message, started=None):
        message.ensure_one()
        self.message = message
        self.env = message.env
        self.started = started

    def apply(self, data=None):
        """Apply in a savepoint and move the message to its end state.

        Business failures end ``dead`` or ``parked`` with their reason and no partial
        effect. A duplicate value counts as a business failure only if the attempt before
        ended with ``LostRace``.

        :param dict data: the member ``data``; read from the stored content by default
        :raises TechnicalError: nothing was applied and the state is unchanged; retry later
        """
        if data is None:
            data = self._stored_data()
        if self.message.field_report:  # of an earlier attempt
            # sudo: the service user has no right to write the log
            self.message.sudo().write(message_report.columns([]))
        raced = self.message.error_code == LostRace.code
        try:
            with db.quiet(), self.env.cr.savepoint():
                self._apply_as_service_user(data)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except TechnicalError:
            raise
        except (HandledError, UserError, AccessError) as error:
            self._settle_failure(error)
        except Exception as error:  # noqa: BLE001
            _logger.error(
                "message %s could not be applied: %s",
                self.message.id,
                type(error).__name__,
            )
            failure = self._worth_another_try(error, raced)
            if failure:
                raise failure from None
            self._settle_failure(self._content_refused(error))

    def _stored_data(self):
        content = self.message._payload_bytes()
        if content is None:
            raise TechnicalError(
                self.env._("The content is no longer stored."), code="no_content"
            )
        return json.loads(content)["data"]

    def _apply_as_service_user(self, data):
        message = self.message
        user = message._service_user()
        company = message.company_id or user.company_id
        handler = (
            message.contract_id._handler()
            .with_user(user)
            .with_context(allowed_company_ids=company.ids, tracking_disable=False)
            .with_company(company)
        )
        # sudo: the service user has no right to read the log
        message_sudo = message.with_env(handler.env).sudo()
        cleaned = handler._clean(data)
        violations = message.contract_id._text_violations(data, cleaned)
        if violations:  # accepted by an older version, or by a dry run
            raise SchemaViolation(violations)
        report = []
        with origin.applying(message, report=report):
            record = handler._apply(message_sudo, cleaned)
        # Before the flush: one statement then writes report, attempt and outcome, and an
        # error of the database rolls them back, too.
        message._set_done(record, **self._reported(report), **self._tried())
        with origin.applying(message):
            handler.env.flush_all()

    def _reported(self, report):
        return message_report.columns(report) if report else {}

    def service_user(self):
        """Return the user of the message's client, with its current rights."""
        client = self.message.client_id
        if not client.user_id:
            return self.env.ref("interop_base.user_integration")
        interface = self.message.interface_id
        allowed = {flow.interface_id for flow in client._scope().flows}
        given = client.state == "active" and interface.id in allowed
        if not given and interface.state == "active":  # otherwise it is a dry run
            # The message was accepted earlier. The rights may have changed since then.
            client._sync_service_user()
        return client.user_id

    # === FAILURES === #

    def _worth_another_try(self, error, raced):
        """Return the technical error for an unexpected exception, ``None`` if the content
        caused it.

        :param bool raced: whether the attempt before ended with ``LostRace``
        """
        name = type(error).__name__
        if db.may_be_a_race(error) and not raced:
            return LostRace(
                self.env._(
                    "A value already exists or a record was deleted (%s). The cause may be "
                    "another change at the same time. The message is retried once.",
                    name,
                )
            )
        if db.is_about_content(error):
            return None
        return TechnicalError(
            self.env._("The message could not be applied (%s).", name),
            code="apply_failed",
        )

    def _content_refused(self, error):
        """Return the business error of a value that cannot be stored. It names only the
        type of the exception, because the text may quote the value."""
        named = getattr(getattr(error, "diag", None), "column_name", None)
        return ContentRefused(
            self.env._(
                "A value of this message cannot be stored (%s). Correct the value in "
                "the source system, then send it as a new message.",
                f"{type(error).__name__}: {named}" if named else type(error).__name__,
            ),
            pointer="/data",
        )

    def _settle_failure(self, error):
        """Move the message to the state for ``error`` (``HandledError``, or a refusal by
        Odoo). Nothing of the message was applied."""
        message, vals = self.message, self._tried()
        if isinstance(error, Skipped):
            message._set_skipped(str(error), error_code=error.code, **vals)
        elif isinstance(error, HandledError):
            settle = message._set_parked if error.parks else message._set_dead
            vals.update(self._reported(getattr(error, "report", [])))
            # This content can never be applied. The correcting message and all later
            # messages must not wait for it.
            if error.error_class == "schema":
                vals.update(moves.OUT_OF_TURN)
            pointer = error.pointer or False
            settle(
                error.error_class,
                error.code,
                str(error),
                error_pointer=pointer,
                **vals,
            )
            message._note_refusal(error)
        else:
            if isinstance(error, ValidationError):
                vals.update(moves.OUT_OF_TURN)
            text = self._safe_refusal(error)
            message._set_dead("business_rule", "refused_by_odoo", text, **vals)

    def _safe_refusal(self, error):
        """Return the text of an Odoo error, unless it could quote protected content."""
        if self.message.data_class in const.PROTECTED_CLASSES:
            return self.env._(
                "Odoo refused the content (%s). The details may show protected data, so "
                "they are not stored.",
                type(error).__name__,
            )
        return str(error)

    # === ATTEMPTS === #

    def _tried(self):
        """Return the columns that count the attempt."""
        if not self.started:
            return {}
        first = SQL("COALESCE(m.first_attempt_at, %s)", self.started)
        return {
            "attempt_count": SQL("m.attempt_count + 1"),
            "first_attempt_at": first,
        }

    def note_lost_race(self, error):
        """Count an attempt that ended with ``LostRace``. The message stays pending.

        :param error: the ``LostRace``
        """
        message = self.message
        vals = message._failure_values(error.error_class, error.code, str(error))
        vals |= dict.fromkeys(("owner_user_id", "owner_team_id"), False)
        vals["attempt_count"] = message.attempt_count + bool(self.started)
        vals["first_attempt_at"] = message.first_attempt_at or self.started or False
        message.sudo().write(
            vals
        )  # sudo: the user of the sender has no right to write the log

    def record(self, seconds):
        """Record the attempt at a message. ``apply`` has counted it already.

        :param float seconds: duration of the attempt
        """
        message = self.message
        result = Result(
            message_id=message.id,
            lease_token="",
            outcome=_OUTCOMES.get(message.state, "dead"),
            started_at=self.started,
            duration_ms=int(1000 * seconds),
            error_class=message.error_class or None,
            error_message=message.error_message or None,
        )
        first = {message.id} if message.first_attempt_at == self.started else ()
        self.env["interop.attempt"]._record([result], first)
