"""Thousands of messages by one statement, from one that went the ordinary way."""

import os

from .. import const
from .fakes import EngineCase

MANY = 100_000 if os.environ.get("INTEROP_LONG") else 5_000


class BulkCase(EngineCase):
    """Adds copies of a message, and running replays without a job runner."""

    def _copies(self, message, count, with_content=True, **columns):
        """Insert ``count`` copies of ``message``; returns their ids in order."""
        self.env.flush_all()
        marks = {
            "names": "".join(f", {name}" for name in columns),
            "values": ", %s" * len(columns),
        }
        payload = message.payload_id.id
        self.env.cr.execute(
            """WITH content AS (
                   INSERT INTO interop_payload (uuid, company_id, data_class, content,
                                                size, created_at)
                   SELECT gen_random_uuid()::text, company_id, data_class, content,
                          size, created_at
                     FROM interop_payload, generate_series(1, %%s) WHERE id = %%s
                RETURNING id),
               numbered AS (SELECT id, row_number() OVER (ORDER BY id) n FROM content)
               INSERT INTO interop_message (direction, interface_id, system_id,
                      contract_id, company_id, external_id, data_class, test, lane,
                      try_count, attempt_count, sequence, epoch, res_model, res_id,
                      size, occurred_at, create_date, write_date, payload_id,
                      state, error_class, error_kind, error_code, error_message, cause,
                      owner_user_id, done_at %(names)s)
               SELECT m.direction, m.interface_id, m.system_id, m.contract_id,
                      m.company_id, 'msg_copy_' || m.id || '_' || g.n, m.data_class,
                      m.test, m.lane, m.try_count, m.attempt_count, m.sequence + g.n,
                      -- Of a record of its own each: of one record only the newest counts.
                      m.epoch, m.res_model, m.res_id + 1000000 + g.n, m.size,
                      m.occurred_at,
                      m.create_date, m.write_date, numbered.id, m.state,
                      m.error_class, m.error_kind, m.error_code, m.error_message,
                      m.cause, m.owner_user_id, m.done_at %(values)s
                 FROM generate_series(1, %%s) AS g(n)
                 LEFT JOIN numbered ON numbered.n = g.n
                 JOIN interop_message m ON m.id = %%s
             ORDER BY g.n RETURNING id"""
            % marks,
            [
                count if with_content else 0,
                payload or 0,
                *columns.values(),
                count,
                message.id,
            ],
        )
        ids = sorted(message_id for (message_id,) in self.env.cr.fetchall())
        if message.state in const.OPEN_STATES:
            self.env["interop.queue"]._enqueue(ids)
        message.invalidate_model(flush=False)
        return ids

    def _dead(self, interface=None, text="Connection refused", **values):
        """Publish a message that failed for good."""
        message = self._publish(interface or self.interface, **values)
        return message._set_dead("connect", "refused", text)

    def _done(self, interface=None, **values):
        """Publish a message that was delivered."""
        message = self._publish(interface or self.interface, **values)
        self.answer = {"outcome": "done", "http_status": 200}
        self._run()
        return message

    def _run_replay(self, replay):
        """Run batch after batch, as the job runner does; returns how many."""
        batches = 0
        while replay.state == "running":
            replay.sudo()._run_batch()
            batches += 1
        return batches

    def _states(self, ids):
        """Return ``{state: count}`` of messages."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT state, count(*) FROM interop_message WHERE id = ANY(%s)"
            " GROUP BY state",
            [list(ids)],
        )
        return dict(self.env.cr.fetchall())
