"""Events become messages: numbered, rendered once, checked, encrypted, frozen."""

import json
import logging
import os

from odoo import api, models

from .. import clock, const
from ..exceptions import HandledError, SchemaViolation, TechnicalError
from ..tools import envelope as envelope_tools
from ..tools import outcome as outcome_tools
from ..tools import trace
from ..tools.canonical import canonical_bytes
from ..tools.errors import EnvelopeError

_logger = logging.getLogger(__name__)

BATCH = 500


class InteropPump(models.AbstractModel):
    """The half of the pump between the business transaction and the wire."""

    _inherit = "interop.pump"

    @api.model
    @api.private
    def _materialize(self):
        """Turn up to a batch of events into messages; returns how many events.

        Runs in one transaction: events are removed and messages created, or neither.
        """
        self.env.cr.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [const.MATERIALIZE_LOCK]
        )
        if not self.env.cr.fetchone()[0]:
            return 0
        self._snapshot_leftovers()
        self.env.cr.execute(
            """DELETE FROM interop_event WHERE id IN (
                   SELECT id FROM interop_event WHERE state IN ('ready', 'failed')
                 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
               RETURNING id, contract_id, res_model, res_id, company_id, occurred_at,
                         interface_ids, payload_id, correlation_id, parent_id,
                         error_class, error_code, error_message,
                         clock_timestamp() AT TIME ZONE 'UTC' AS due_at""",
            [BATCH],
        )
        events = sorted(self.env.cr.dictfetchall(), key=lambda event: event["id"])
        if not events:
            return 0
        payloads = self.env["interop.payload"].browse(
            [event["payload_id"] for event in events if event["payload_id"]]
        )
        snapshots = payloads._read_many(tolerant=True)
        self._create_messages(events, snapshots)
        self.env.cr.execute(
            "DELETE FROM interop_payload WHERE id = ANY(%s)", [payloads.ids]
        )
        return len(events)

    @api.model
    def _snapshot_leftovers(self):
        """Build events that pre-commit could not, such as without a key file."""
        self.env.cr.execute(
            "SELECT id FROM interop_event WHERE state = 'new'"
            " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            [BATCH],
        )
        self.env["interop.event"]._snapshot([row[0] for row in self.env.cr.fetchall()])

    def _create_messages(self, events, snapshots):
        ids = {i for event in events for i in event["interface_ids"] or []}
        existing = set(self.env["interop.interface"].browse(ids).exists().ids)
        pairs = [
            (interface_id, event)
            for event in events
            for interface_id in event["interface_ids"] or []
            if interface_id in existing
        ]
        numbers = {}
        for interface_id in sorted({pair[0] for pair in pairs}):
            count = sum(1 for pair in pairs if pair[0] == interface_id)
            numbers[interface_id] = self.env["interop.stream"]._take(
                interface_id, count
            )
        rows, contents = [], []
        for interface_id, event in pairs:
            epoch, sequence = numbers[interface_id]
            numbers[interface_id] = (epoch, sequence + 1)
            interface = self.env["interop.interface"].browse(interface_id)
            row, content = self._render(
                interface, event, snapshots.get(event["payload_id"]), epoch, sequence
            )
            rows.append(row)
            contents.append(content)
        self._insert_rendered(rows, contents)

    def _insert_rendered(self, rows, contents):
        kept = [index for index, content in enumerate(contents) if content is not None]
        payload_ids = self.env["interop.payload"]._store_many(
            [
                (rows[index]["company_id"], rows[index]["data_class"], contents[index])
                for index in kept
            ]
        )
        for index, payload_id in zip(kept, payload_ids, strict=True):
            rows[index]["payload_id"] = payload_id
        self.env["interop.message"]._insert_many(rows)

    def _render(self, interface, event, snapshot, epoch, sequence):
        """Return ``(column values, bytes or None)`` of one message."""
        contract = self.env["interop.contract"].browse(event["contract_id"])
        keys, content, failure = {}, None, None
        message_id = envelope_tools.new_id(now_ms=1000 * clock.timestamp())
        if isinstance(snapshot, HandledError):
            failure = snapshot
        elif snapshot is None:
            failure = TechnicalError(
                event["error_message"] or "",
                event["error_code"] or "build_failed",
                event["error_class"] or "internal",
            )
        else:
            keys = json.loads(snapshot)
            try:
                content = self._render_bytes(
                    interface, contract, event, keys, (message_id, epoch, sequence)
                )
            except HandledError as error:
                failure = error
            except Exception as error:  # noqa: BLE001
                # One message must not keep all others back. Only the type is kept: the
                # text of a foreign exception may hold content.
                _logger.error(
                    "event %s could not be rendered: %s",
                    event["id"],
                    type(error).__name__,
                )
                failure = TechnicalError(
                    self.env._(
                        "Rendering the message failed (%s).", type(error).__name__
                    ),
                    code="render_failed",
                )
        row = self._message_row(interface, contract, event, keys, failure)
        row.update(external_id=message_id, epoch=epoch, sequence=sequence)
        row["correlation_id"] = row["correlation_id"] or message_id
        row["size"] = len(content) if content else 0
        return row, content

    def _render_bytes(self, interface, contract, event, keys, numbering):
        """Render the envelope once; raises ``HandledError`` when the contract is broken."""
        data = keys["data"]
        if "by_interface" in data:
            own = data["by_interface"][str(interface.id)]
            if "error" in own:
                error_class, code, text = own["error"]
                raise HandledError(text, code, error_class)
            data = own["data"]
        violations = contract._violations(data)
        if violations:
            raise SchemaViolation(violations)
        content = {**keys, "data": data}
        return self._envelope_bytes(
            interface,
            self._envelope(
                interface, contract, event, content, numbering, self._is_test(contract)
            ),
        )

    def _envelope_bytes(self, interface, envelope):
        """Return the bytes that travel; transports wrap the envelope here."""
        return canonical_bytes(envelope)

    @api.model
    def _is_test(self, contract):
        """Return whether messages of this contract are tests; transports have some."""
        return False

    def _envelope(self, interface, contract, event, content, numbering, test=False):
        """Return the envelope as a dict.

        :param dict event: ``company_id``, ``occurred_at``, ``correlation_id``, ``parent_id``
        :param dict content: ``data``, ``subject``, ``ordering_key``
        :param tuple numbering: message id, epoch and sequence
        :raises TechnicalError: when a member breaks the rules of the envelope
        """
        message_id, epoch, sequence = numbering
        company = self.env["res.company"].browse(event["company_id"])
        try:
            return envelope_tools.build(
                id=message_id,
                type=contract.message_type,
                schema_version=contract.version,
                source=self._source(),
                facility=interface.system_id._code_for_company(company)
                or str(company.id),
                occurred_at=event["occurred_at"],
                sent_at=clock.now(),
                epoch=epoch,
                sequence=sequence,
                ordering_key=content["ordering_key"],
                correlation_id=event["correlation_id"] or message_id,
                causation_id=self._causation_id(event),
                data_class=interface.data_class,
                test=test,
                subject=content["subject"],
                data=content["data"],
            )
        except EnvelopeError as error:
            raise TechnicalError(str(error), "envelope", "schema") from None

    def _causation_id(self, event):
        """Return the id of the message that this one was resubmitted from, or ``None``."""
        parent = self.env["interop.message"].browse(event["parent_id"] or ())
        return parent.external_id or None

    @api.model
    def _source(self):
        """Return who we are in the envelope: Settings, or the address of this Odoo."""
        # sudo: system parameters
        params_sudo = self.env["ir.config_parameter"].sudo()
        return params_sudo.get_param("interop_base.source") or params_sudo.get_param(
            "web.base.url", "odoo"
        )

    def _message_row(self, interface, contract, event, keys, failure):
        now = clock.now()
        row = {
            "direction": "out",
            "interface_id": interface.id,
            "system_id": interface.system_id.id,
            "contract_id": contract.id,
            "company_id": event["company_id"],
            "state": "dead" if failure else "pending",
            "data_class": interface.data_class,
            "test": self._is_test(contract),
            "lane": interface._lane(),
            # By the database's clock, which claims go by: ours may have jumped.
            "next_attempt_at": None if failure else event.get("due_at") or now,
            "try_count": 0,
            "attempt_count": 0,
            "correlation_id": event["correlation_id"],
            "causation_id": self._causation_id(event),
            "traceparent": trace.format(trace.new_trace(os.urandom)),
            "parent_id": event["parent_id"],
            "res_model": event["res_model"],
            "res_id": event["res_id"],
            "occurred_at": event["occurred_at"],
            "payload_id": None,
            **self.env["interop.message"]._key_values(
                interface.data_class, keys.get("business_key"), keys.get("ordering_key")
            ),
            **self._failure_columns(interface, failure),
        }
        return row

    def _failure_columns(self, interface, failure):
        names = ("error_class", "error_kind", "error_code", "error_message", "cause")
        columns = dict.fromkeys((*names, "owner_user_id", "owner_team_id"))
        if failure:
            user, team = interface._exception_owner(failure.error_class)
            columns.update(
                error_class=failure.error_class,
                error_kind=outcome_tools.ERROR_CLASSES[failure.error_class],
                error_code=failure.code,
                error_message=str(failure),
                cause=outcome_tools.cause_fingerprint(
                    failure.error_class, failure.code, interface.id, str(failure)
                ),
                owner_user_id=user.id or None,
                owner_team_id=team.id or None,
            )
        return columns
