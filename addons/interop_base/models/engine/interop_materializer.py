"""Turn events into messages: number, check, render and encrypt them once."""

import json
import logging
import os
from collections import Counter
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ... import clock, const, db, parameters
from ...exceptions import HandledError, SchemaViolation, TechnicalError
from ...tools import envelope as envelope_tools
from ...tools import trace
from ...tools.canonical import canonical_bytes
from ...tools.errors import EnvelopeError
from ..log import message_moves as moves
from ..log.message_search import stored_keys

_logger = logging.getLogger(__name__)

BATCH = 500
_FAILURE_COLUMNS = ("error_class", "error_kind", "error_code", "error_message")
_FAILURE_COLUMNS += ("cause", "owner_user_id", "owner_team_id")
# Whether an interface is as approved. A retired interface waits for no approval.
_IN_FORCE = SQL("((approval_changed OR holds_events) IS NOT TRUE OR state = 'retired')")
# Columns of an event from which its messages are made.
_TAKEN = """id, contract_id, res_model, res_id, company_id, occurred_at,
            interface_ids, payload_id, correlation_id, parent_id,
            error_class, error_code, error_message"""


class Shared(NamedTuple):
    """Values that the messages of one interface, contract and facility share in a batch.

    ``members`` of the envelope and ``columns`` of the row are looked up once.
    """

    interface: object
    contract: object
    members: dict
    columns: dict


class InteropMaterializer(models.AbstractModel):
    """Turn events into messages; the first step of each round of the pump."""

    _name = "interop.materializer"
    _description = "Message Materializer"

    @api.model
    @api.private
    def _materialize(self):
        """Turn up to a batch of events into messages; returns how many events.

        One transaction removes the events and creates the messages.
        """
        self.env.cr.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [const.MATERIALIZE_LOCK]
        )
        if not self.env.cr.fetchone()[0]:
            return 0
        self._snapshot_leftovers()
        events, split = self._take_events()
        if not events:
            return 0
        payloads = self.env["interop.payload"].browse(
            [event["payload_id"] for event in events if event["payload_id"]]
        )
        snapshots = payloads._read_many(tolerant=True)
        self._create_messages(events, snapshots)
        used_up = [
            event["payload_id"]
            for event in events
            if event["payload_id"] and event["id"] not in split
        ]
        self.env.cr.execute("DELETE FROM interop_payload WHERE id = ANY(%s)", [used_up])
        return len(events)

    @api.model
    def _events_in_force(self):
        """Return the condition (``SQL``) of events that may become messages.

        These are events for an approved interface, and events without an interface. Other
        events wait, because their interfaces are drafts or differ from their approval. A
        message made now would be sent even if the change is undone later.
        """
        self.env["interop.interface"].flush_model()
        self.env.cr.execute(
            SQL("SELECT id FROM interop_interface WHERE NOT %s ORDER BY id", _IN_FORCE)
        )
        waiting = [row[0] for row in self.env.cr.fetchall()]
        if not waiting:
            return SQL("TRUE")
        contracts = self.env[
            "interop.contract"
        ].sudo()  # sudo: contracts of all facilities
        contracts = contracts.with_context(active_test=False).search(
            [("state", "!=", "draft")]
        )
        return SQL(
            "(interface_ids <> '[]' AND interface_ids <@ %s::jsonb"
            " AND contract_id <> ALL(%s::int[])) IS NOT TRUE",
            json.dumps(waiting),
            contracts.filtered(self._is_test).ids,
        )

    def _take_events(self):
        """Take a batch of events.

        :returns: the events, and the ids of events that also stay for interfaces without
            a valid approval
        """
        self.env.cr.execute(
            SQL(
                """SELECT id, contract_id, interface_ids FROM interop_event
                    WHERE state IN ('ready', 'failed') AND %s
                 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED""",
                self._events_in_force(),
                BATCH,
            )
        )
        rows = self.env.cr.fetchall()
        waiting = self._lock_interfaces({i for row in rows for i in row[2] or []})
        whole, split = [], {}
        for event_id, contract_id, ids in rows:
            left = [i for i in ids or [] if i in waiting]
            if not left or self._is_test(
                self.env["interop.contract"].browse(contract_id)
            ):
                whole.append(event_id)
            elif len(left) < len(ids):
                split[event_id] = left
        self.env.cr.execute(
            f"DELETE FROM interop_event WHERE id = ANY(%s) RETURNING {_TAKEN}", [whole]
        )
        events = self.env.cr.dictfetchall()
        if split:
            events += self._split_events(split, {row[0]: row[2] for row in rows})
        return sorted(events, key=lambda event: event["id"]), split

    def _split_events(self, split, before):
        """Keep each event for the interfaces in ``split``; return it for the others."""
        self.env.cr.execute(
            f"""UPDATE interop_event SET interface_ids = v.interfaces::jsonb
                 FROM unnest(%s::int[], %s::text[]) AS v(event_id, interfaces)
                WHERE id = v.event_id RETURNING {_TAKEN}""",
            [list(split), [json.dumps(ids) for ids in split.values()]],
        )
        events = self.env.cr.dictfetchall()
        for event in events:
            left = split[event["id"]]
            event["interface_ids"] = [i for i in before[event["id"]] if i not in left]
        return events

    def _lock_interfaces(self, ids):
        """Return the interfaces of ``ids`` (set) without a valid approval (set).

        The other interfaces are locked until this transaction ends, so that a change of
        them waits. An interface that another transaction changes now is skipped, and its
        events are built in a later batch.
        """
        if not ids:
            return set()
        self.env.cr.execute(
            SQL(
                """SELECT id FROM interop_interface WHERE id = ANY(%s) AND %s
                 ORDER BY id FOR SHARE SKIP LOCKED""",
                list(ids),
                _IN_FORCE,
            )
        )
        waiting = ids - {row[0] for row in self.env.cr.fetchall()}
        # Events of a deleted interface do not wait.
        return set(self.env["interop.interface"].browse(waiting).exists().ids)

    @api.model
    def _snapshot_leftovers(self):
        """Build events that pre-commit did not build, such as without a key file."""
        self.env.cr.execute(
            "SELECT id FROM interop_event WHERE state = 'new'"
            " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            [BATCH],
        )
        self.env["interop.event"]._snapshot([row[0] for row in self.env.cr.fetchall()])

    def _create_messages(self, events, snapshots):
        ids = {i for event in events for i in event["interface_ids"] or []}
        # One recordset, so that Odoo reads all interfaces with one query.
        found = self.env["interop.interface"].browse(ids).exists()
        interfaces = {interface.id: interface for interface in found}
        pairs = [
            (interface_id, event)
            for event in events
            for interface_id in event["interface_ids"] or []
            if interface_id in interfaces
        ]
        counts = Counter(interface_id for interface_id, _event in pairs)
        numbers = {
            interface_id: self.env["interop.stream"]._take(interface_id, count)
            for interface_id, count in sorted(counts.items())
        }
        now_ms = 1000 * clock.timestamp()
        shared, rows, contents = {}, [], []
        for interface_id, event in pairs:
            epoch, sequence = numbers[interface_id]
            numbers[interface_id] = (epoch, sequence + 1)
            key = (interface_id, event["contract_id"], event["company_id"])
            if key not in shared:
                shared[key] = self._shared(interfaces[interface_id], *key[1:])
            row, content = self._render(
                shared[key],
                event,
                snapshots.get(event["payload_id"]),
                (envelope_tools.new_id(now_ms=now_ms), epoch, sequence),
            )
            rows.append(row)
            contents.append(content)
        self._insert_rendered(rows, contents)

    def _shared(self, interface, contract_id, company_id):
        """Return the ``Shared`` of one interface, contract and facility."""
        contract = self.env["interop.contract"].browse(contract_id)
        test = self._is_test(contract)
        return Shared(
            interface,
            contract,
            self._envelope_members(interface, contract, company_id, test),
            {
                **self._message_columns(interface, contract, test),
                "company_id": company_id,
            },
        )

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
        ids = db.insert_rows(self.env["interop.message"], rows)
        self.env["interop.queue"]._enqueue(ids)

    def _render(self, shared, event, snapshot, numbering):
        """Return ``(column values, bytes or None)`` of one message."""
        keys, content, failure = {}, None, None
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
                content = self._render_bytes(shared, event, keys, numbering)
            except HandledError as error:
                failure = error
            except Exception as error:  # noqa: BLE001
                # One message must not block the others. Only the type is kept, because the
                # text of other exceptions may hold content.
                _logger.error(
                    "event %s could not be rendered: %s",
                    event["id"],
                    type(error).__name__,
                )
                failure = TechnicalError(
                    self.env._(
                        "The message could not be rendered (%s). Look for the cause in "
                        "the server log, then build it again.",
                        type(error).__name__,
                    ),
                    code="render_failed",
                )
        row = self._message_row(shared, event, keys, failure, numbering)
        row["size"] = len(content) if content else 0
        return row, content

    def _render_bytes(self, shared, event, keys, numbering):
        """Render the envelope once.

        :raises HandledError: the content violates the contract
        """
        data = keys["data"]
        if "by_interface" in data:
            own = data["by_interface"][str(shared.interface.id)]
            if "error" in own:
                error_class, code, text = own["error"]
                raise HandledError(text, code, error_class)
            data = own["data"]
        violations = shared.contract._violations(data)
        if violations:
            raise SchemaViolation(violations)
        content = self._for_receiver(shared.interface, {**keys, "data": data})
        return self._envelope_bytes(
            shared.interface,
            self._envelope(shared.members, event, content, numbering),
        )

    # === HOOKS === #

    def _for_receiver(self, interface, content):
        """Hook: adapt the content to one receiver.

        Called for each message after its content was checked against the contract and
        before the envelope is built. All receivers share the snapshot, but ``content`` is
        a copy for this message and may be changed. An override calls ``super()`` and
        returns the result. It must comply with the contract and write nothing. It should
        read from caches, because it runs for every message.

        :param interface: ``interop.interface``
        :param dict content: ``data``, ``subject``, ``ordering_key``, ``business_key``
        :returns: the content
        """
        return content

    def _envelope_bytes(self, interface, envelope):
        """Hook: return the bytes to send.

        Called once per message. The bytes are stored and sent with every attempt.
        Transports wrap the envelope here. An override must not depend on values that may
        change before the last attempt, and must not add content.

        :param interface: ``interop.interface``
        :param dict envelope: see ``tools.envelope``
        """
        return canonical_bytes(envelope)

    @api.model
    def _is_test(self, contract):
        """Hook: return whether messages of this contract are tests.

        Called per contract of a batch. Tests need no active interface and carry made-up
        data only. An override must not return True for a contract with real records.
        """
        return False

    def _envelope_members(self, interface, contract, company_id, test):
        """Return the members that all messages of one facility share, as a dict."""
        company = self.env["res.company"].browse(company_id)
        return {
            "type": contract.message_type,
            "schema_version": contract.version,
            "source": self._source(),
            "facility": interface.system_id._code_for_company(company)
            or str(company_id),
            "data_class": interface.data_class,
            "test": test,
        }

    def _envelope(self, members, event, content, numbering):
        """Return the envelope as a dict.

        :param dict members: see ``_envelope_members``
        :param dict event: ``occurred_at``, ``correlation_id``, ``parent_id``
        :param dict content: ``data``, ``subject``, ``ordering_key``
        :param tuple numbering: message id, epoch and sequence
        :raises TechnicalError: when a member breaks the rules of the envelope
        """
        message_id, epoch, sequence = numbering
        try:
            return envelope_tools.build(
                **members,
                id=message_id,
                occurred_at=event["occurred_at"],
                sent_at=clock.now(),
                epoch=epoch,
                sequence=sequence,
                ordering_key=content["ordering_key"],
                correlation_id=event["correlation_id"] or message_id,
                causation_id=self._causation_id(event),
                subject=content["subject"],
                data=content["data"],
            )
        except EnvelopeError as error:
            raise TechnicalError(str(error), "envelope", "schema") from None

    def _causation_id(self, event):
        """Return the id of the message that this one was resubmitted from, or ``None``."""
        if not event["parent_id"]:
            return None
        return self.env["interop.message"].browse(event["parent_id"]).external_id

    @api.model
    def _source(self):
        """Return the member ``source``: from the Settings, or the address of this Odoo."""
        address = parameters.text(self.env, "web.base.url", "odoo")
        return parameters.text(self.env, "interop_base.source", address)

    def _message_columns(self, interface, contract, test):
        """Hook: return the columns that all messages of an interface and contract share.

        Called once per interface, contract and facility of a batch. Transports add
        columns and may set another lane. An override changes the result of ``super()``
        and must not change other keys.
        """
        return {
            "direction": "out",
            "interface_id": interface.id,
            "system_id": interface.system_id.id,
            "contract_id": contract.id,
            "data_class": interface.data_class,
            "test": test,
            "lane": interface.endpoint_id._test_lane() if test else interface._lane(),
            "attempt_count": 0,
            "payload_id": None,
        }

    def _message_row(self, shared, event, keys, failure, numbering):
        """Return all columns of one message, except its size and content."""
        message_id, epoch, sequence = numbering
        return {
            **shared.columns,
            "external_id": message_id,
            "epoch": epoch,
            "sequence": sequence,
            "state": "dead" if failure else "pending",
            "correlation_id": event["correlation_id"] or message_id,
            "causation_id": self._causation_id(event),
            "traceparent": trace.format(trace.new_trace(os.urandom)),
            "parent_id": event["parent_id"],
            "res_model": event["res_model"],
            "res_id": event["res_id"],
            "occurred_at": event["occurred_at"],
            **stored_keys(
                self.env,
                shared.columns["data_class"],
                keys.get("business_key"),
                keys.get("ordering_key"),
            ),
            **self._failure_columns(shared.interface, failure),
        }

    def _failure_columns(self, interface, failure):
        if not failure:
            return dict.fromkeys(_FAILURE_COLUMNS)
        return moves.failure(interface, failure.error_class, failure.code, str(failure))
