"""Fakes for the engine's two seams: the transport that sends, the handler that applies."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo.tools import SQL

from .. import clock, const, db
from ..models.engine.engine_types import Result
from ..models.log.message_search import stored_keys
from .common import InteropCase

QUEUE_ONLY = {"next_attempt_at", "lease_token", "lease_until"}
QUEUE_TOO = {"lane", "ordering_key", "try_count", "attempt_count", "company_id"}
QUEUE_TOO |= {"error_class", "error_kind", "cause", "owner_user_id", "owner_team_id"}


def set_queue(env, ids, values):
    """Let rows of the queue say what a test writes into messages; return the columns
    that are left for the messages.

    As the engine has it: a message in progress is a waiting one with a lease, and a
    closed message has no row.
    """
    own = {name: values[name] for name in QUEUE_ONLY | QUEUE_TOO if name in values}
    left = {name: value for name, value in values.items() if name not in QUEUE_ONLY}
    state = values.get("state")
    if state in const.CLOSED_STATES:
        env.cr.execute("DELETE FROM interop_queue WHERE id = ANY(%s)", [ids])
        left["is_withdrawn"] = state != "done" or None
        return left
    if state:
        leased = state == "processing"
        left["state"] = own["state"] = "pending" if leased else state
        left["is_withdrawn"] = None
        if leased:
            own.setdefault("lease_token", "token")
            own.setdefault("lease_until", clock.now() + timedelta(minutes=5))
        else:
            own |= {"lease_token": None, "lease_until": None}
        env["interop.queue"]._enqueue(ids)
    if "try_count" in own and not own.get("lease_token"):
        # Claims without a result, of a message that waits: of workers that died.
        left_over = SQL("%s - attempt_count", own["try_count"])
        own["dead_workers"] = (
            left_over
            if "lease_token" in own
            else SQL(
                "CASE WHEN lease_token IS NULL THEN %s ELSE dead_workers END", left_over
            )
        )
    if own:
        assignments = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value) for name, value in own.items()
        )
        env.cr.execute(
            SQL(
                "UPDATE interop_queue SET %s WHERE id = ANY(%s)", assignments, list(ids)
            )
        )
    if own.get("lease_until"):
        note_leases(env, ids)
    if "ordering_key" in own:
        env.cr.execute(
            """WITH changed AS (
                   UPDATE interop_queue SET is_first = ordering_key IS NULL
                    WHERE id = ANY(%s) RETURNING lane, ordering_key)
               INSERT INTO interop_queue_key (lane, ordering_key)
               SELECT lane, ordering_key FROM changed WHERE ordering_key > ''""",
            [ids],
        )
    return left


def note_leases(env, ids):
    """Let the leases of these messages end as their rows say."""
    env.cr.execute(
        """UPDATE interop_queue SET lease_token = 'token' || id
            WHERE id = ANY(%s) AND lease_token IS NULL""",
        [ids],
    )
    env.cr.execute(
        """INSERT INTO interop_queue_lease (token, until, claimed)
           SELECT lease_token, min(lease_until), jsonb_agg(id) FROM interop_queue
            WHERE lease_token IN (SELECT lease_token FROM interop_queue
                                   WHERE id = ANY(%s))
         GROUP BY lease_token
               ON CONFLICT (token) DO UPDATE SET until = EXCLUDED.until""",
        [ids],
    )


class EngineMixin:
    """Adds the transport ``fake`` and handlers, as models of the registry."""

    @classmethod
    def _set_up_engine(cls):
        field = cls.env["interop.interface"]._fields["transport"]
        values = [*field.selection, ("fake", "Fake")]
        cls.startClassPatcher(patch.object(field, "selection", values))
        cls.startClassPatcher(patch.object(field, "_selection", dict(values)))
        cls._fake_model(
            "interop.transport.fake",
            "interop.transport",
            _prepare=lambda transport, claims: (list(claims), []),
            _exchange=lambda transport, claims, deadline: cls._exchange(claims),
        )
        cls.sent = []  # claims that were sent, in order
        cls.answer = {"outcome": "done", "http_status": 200}  # or a function of a claim

    @classmethod
    def _free_inbound(cls):
        """Take messages without a sender, which addons above want for what comes in."""
        cls.env.cr.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'c'"
            " AND conrelid = 'interop_message'::regclass AND conname LIKE '%inbound%'"
        )
        for (name,) in cls.env.cr.fetchall():
            cls.env.cr.execute(f'ALTER TABLE interop_message DROP CONSTRAINT "{name}"')

    @classmethod
    def _test_transport(cls):
        return "fake"

    @classmethod
    def _fake_model(cls, name, parent, **attributes):
        """Put a model into the registry for the time of the test (class)."""
        base = type(cls.env[parent])
        fake = type(base)(
            "Fake", (base,), {"_register": False, "_name": name, **attributes}
        )
        patcher = patch.dict(cls.env.registry.models, {name: fake})
        cls.startClassPatcher(patcher)

    @classmethod
    def _exchange(cls, claims):
        for claim in claims:
            cls.sent.append(claim)
            answer = cls.answer(claim) if callable(cls.answer) else cls.answer
            if answer:
                yield cls._result(claim, **answer)

    @classmethod
    def _result(cls, claim, outcome="done", **values):
        return Result(
            claim.message_id, claim.lease_token, outcome, clock.now(), **values
        )

    @classmethod
    def _create_handler(cls, message_type, **attributes):
        cls._fake_model(
            f"interop.handler.{message_type}", "interop.handler", **attributes
        )

    def _publish(self, interface, company=None, **values):
        """Publish a new partner on ``interface`` and return its message."""
        partner = self.env["res.partner"].create(
            {"name": "Dr. Ada", "company_id": (company or self.facility).id, **values}
        )
        contract = interface.contract_ids[:1]
        self.env["interop.event"]._publish(contract.message_type, partner)
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        return self._message_of(partner).filtered(
            lambda message: message.interface_id == interface
        )

    @classmethod
    def _receive(cls, interface, data, company=None, **values):
        """Store an inbound message as the REST layer does."""
        number = cls._next()
        company = cls.facility if company is None else company
        company_id = company.id or None
        (payload_id,) = cls.env["interop.payload"]._store_many(
            [(company_id, interface.data_class, json.dumps({"data": data}).encode())]
        )
        keys = stored_keys(
            cls.env,
            interface.data_class,
            values.pop("business_key", f"key-{number}"),
            values.pop("ordering_key", f"key-{number}"),
        )
        (message_id,) = db.insert_rows(
            cls.env["interop.message"],
            [
                {
                    "direction": "in",
                    "interface_id": interface.id,
                    "system_id": interface.system_id.id,
                    "contract_id": interface.contract_ids[:1].id,
                    "company_id": company_id,
                    "external_id": f"msg_in_{number}",
                    "state": "pending",
                    "data_class": interface.data_class,
                    "test": False,
                    "lane": interface._lane(),
                    "attempt_count": 0,
                    "occurred_at": clock.now(),
                    "payload_id": payload_id,
                    **keys,
                    **values,
                }
            ],
        )
        cls.env["interop.queue"]._enqueue([message_id])
        return cls.env["interop.message"].browse(message_id)

    def _run(self):
        """Let the pump move what is due now."""
        self.env["interop.pump"].sudo()._run_inline()

    def _set_columns(self, records, **values):
        """Write columns behind the back of the ORM: the test plays time or a worker."""
        self.env.flush_all()
        if records._name == "interop.message":
            values = set_queue(self.env, records.ids, values)
        if values:
            self._update(records._table, records.ids, values)
        records.invalidate_recordset(flush=False)

    def _update(self, table, ids, values):
        assignments = ", ".join(f"{name} = %s" for name in values)
        self.env.cr.execute(
            f"UPDATE {table} SET {assignments} WHERE id = ANY(%s)",
            [*values.values(), ids],
        )


class EngineCase(EngineMixin, InteropCase):
    """The engine alone, whatever addons are above it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_engine()
        cls._free_inbound()

    def setUp(self):
        super().setUp()
        cls = type(self)
        cls.sent = []
        cls.answer = {"outcome": "done", "http_status": 200}


class TwoTriesCase(EngineCase):
    """An interface whose messages are dead after two tries."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        policy = cls.env["interop.retry.policy"].create(
            {"name": "Two tries", "schedule": "0s, 60s", "jitter_percent": 1}
        )
        cls.interface = cls._create_interface(retry_policy_id=policy.id)
