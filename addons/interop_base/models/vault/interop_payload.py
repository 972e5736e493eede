"""The exact bytes of messages, on their own, shorter retention."""

import os

from psycopg2 import Binary

from odoo import api, fields, models
from odoo.tools import SQL

from ... import const, db
from ...exceptions import ConfigurationError, GuardError
from ...tools import compression

# Columns that ``_sealed`` answers, in their order.
SEALED = "uuid, company_id, data_class, key_id, content, size, compressed"
_NOW = SQL("now() AT TIME ZONE 'UTC'")


class InteropPayload(models.Model):
    """Bytes that were sent, received or snapshotted; never touched by the ORM.

    The content column is written and read by SQL in this file only: the ORM would
    encode it and log it. Protected classes are encrypted.
    """

    _name = "interop.payload"
    _description = "Message Content"
    _log_access = False

    uuid = fields.Char(required=True, readonly=True, groups=fields.NO_ACCESS)
    company_id = fields.Many2one("res.company", readonly=True, ondelete="restrict")
    data_class = fields.Selection(const.DATA_CLASSES, required=True, readonly=True)
    key_id = fields.Char(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="Key that encrypted the content; empty when it is in clear.",
    )
    content = fields.Binary(attachment=False, readonly=True, groups=fields.NO_ACCESS)
    size = fields.Integer(readonly=True)
    compressed = fields.Boolean(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="The content was compressed before it was encrypted.",
    )
    created_at = fields.Datetime(readonly=True)

    _stale_idx = models.Index("(key_id) WHERE key_id IS NOT NULL")

    @api.model
    @api.private
    def _store_many(self, items):
        """Store contents in one statement.

        :param items: list of ``(company_id or None, data_class, bytes)``
        :returns: list of ids in the same order
        :raises GuardError: when a protected class has to be encrypted without a key
            file
        """
        if not items:
            return []
        names = SEALED.split(", ")
        rows = [dict(zip(names, row, strict=True)) for row in self._sealed(items)]
        return db.insert_rows(self, rows, {"created_at": _NOW})

    @api.model
    @api.private
    def _sealed(self, items):
        """Return the columns of contents, encrypted where their class says so.

        :param items: list of ``(company_id or None, data_class, bytes)``
        :returns: list of ``(uuid, company_id, data_class, key_id, content, size,
            compressed)``, see ``SEALED``
        :raises GuardError: see ``_store_many``
        """
        random = os.urandom(16 * len(items)).hex()
        uids = [random[at : at + 32] for at in range(0, len(random), 32)]
        # PostgreSQL compresses what is in clear by itself.
        packed = {
            uid: compression.pack(content)
            for uid, (_company_id, data_class, content) in zip(uids, items, strict=True)
            if data_class in const.PROTECTED_CLASSES
        }
        protected = [
            (packed[uid][0], self._name, uid, company_id)
            for uid, (company_id, _data_class, _content) in zip(
                uids, items, strict=True
            )
            if uid in packed
        ]
        encrypted = dict(
            zip(
                [uid for _content, _model, uid, _company_id in protected],
                self.env["interop.vault"]._encrypt_many(protected),
                strict=True,
            )
        )
        rows = []
        for uid, (company_id, data_class, content) in zip(uids, items, strict=True):
            key_id, blob = encrypted.get(uid, (None, content))
            compressed = uid in packed and packed[uid][1]
            rows.append(
                (
                    uid,
                    company_id,
                    data_class,
                    key_id,
                    Binary(blob),
                    len(content),
                    compressed,
                )
            )
        return rows

    @api.private
    def _read_many(self, tolerant=False):
        """Return ``{id: bytes}`` of what is stored (purged ones are missing).

        :param bool tolerant: answer content that no key opens as its exception, so that
            it does not keep the others back
        """
        if not self:
            return {}
        self.env.cr.execute(
            """SELECT id, uuid, company_id, key_id, content, size, compressed
                 FROM interop_payload WHERE id = ANY(%s) AND content IS NOT NULL""",
            [self.ids],
            log_exceptions=False,
        )
        vault = self.env["interop.vault"]
        contents = {}
        for row_id, uid, company_id, key_id, content, *form in self.env.cr.fetchall():
            blob, (size, compressed) = bytes(content), form
            try:
                if key_id:
                    blob = vault._decrypt(key_id, blob, self._name, uid, company_id)
                if compressed:
                    blob = compression.unpack(blob, size)
            except ConfigurationError as error:
                if not tolerant or isinstance(error, GuardError):
                    raise
                blob = error
            contents[row_id] = blob
        return contents

    @api.private
    def _read(self):
        """Return the bytes, or ``None`` when they were purged."""
        self.ensure_one()
        return self._read_many().get(self.id)

    @api.model
    def _stale_count(self):
        """Return how many contents are encrypted with another key than the newest."""
        current = self.env["interop.vault"]._keyring().current_key_id
        self.env.cr.execute(
            "SELECT count(*) FROM interop_payload"
            " WHERE key_id IS NOT NULL AND key_id <> %s",
            [current],
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _reencrypt_batch(self, limit=500):
        """Encrypt up to ``limit`` contents with the newest key; returns how many.

        Contents that another session holds are left out. Call it on a READ COMMITTED
        cursor: under REPEATABLE READ a content that was changed since the snapshot fails
        the whole batch (40001).
        """
        vault = self.env["interop.vault"]
        current = vault._keyring().current_key_id
        self.env.cr.execute(
            """SELECT id, uuid, company_id, key_id, content FROM interop_payload
                WHERE key_id IS NOT NULL AND key_id <> %s LIMIT %s
                  FOR UPDATE SKIP LOCKED""",
            [current, limit],
            log_exceptions=False,
        )
        rows = self.env.cr.fetchall()
        for row_id, uid, company_id, key_id, content in rows:
            plain = vault._decrypt(key_id, bytes(content), self._name, uid, company_id)
            new_id, blob = vault._encrypt(plain, self._name, uid, company_id)
            self.env.cr.execute(
                "UPDATE interop_payload SET key_id = %s, content = %s WHERE id = %s",
                [new_id, Binary(blob), row_id],
                log_exceptions=False,
            )
        return len(rows)
