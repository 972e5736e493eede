"""The content of messages, with its own, shorter retention."""

import os

from psycopg2 import Binary

from odoo import api, fields, models
from odoo.tools import SQL

from ... import const, db
from ...exceptions import ConfigurationError, GuardError
from ...tools import compression

# The columns that ``_sealed`` returns, in this order.
SEALED = "uuid, company_id, data_class, key_id, content, size, compressed"
_NOW = SQL("now() AT TIME ZONE 'UTC'")


class InteropPayload(models.Model):
    """The exact bytes that were sent, received or captured.

    Only SQL reads or writes the content, in this file and in the statement that makes
    events ready: the ORM would encode and log it. Content of protected classes is
    compressed (``tools.compression``), then encrypted. The column ``compressed`` says so;
    older rows have it empty.
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
        help="Key that encrypted the content. Empty: the content is not encrypted.",
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
        :raises GuardError: a protected content needs a key file, and there is none
        """
        if not items:
            return []
        names = SEALED.split(", ")
        rows = [dict(zip(names, row, strict=True)) for row in self._sealed(items)]
        return db.insert_rows(self, rows, {"created_at": _NOW})

    @api.model
    @api.private
    def _sealed_arrays(self, items):
        """Return SQL of one array for each of the columns ``SEALED``, for the statement
        with which an event becomes ready. It writes contents as ``_store_many`` does.

        :param items: see ``_store_many``
        :raises GuardError: see ``_store_many``
        """
        columns = zip(*self._sealed(items), strict=True)
        return SQL(", ").join(
            SQL(f"%s::{self._fields[name].column_type[1]}[]", list(values))
            for name, values in zip(SEALED.split(", "), columns, strict=True)
        )

    @api.model
    @api.private
    def _sealed(self, items):
        """Return the columns of contents, encrypted if their data class is protected.

        :param items: list of ``(company_id or None, data_class, bytes)``
        :returns: list of ``(uuid, company_id, data_class, key_id, content, size,
            compressed)``, see ``SEALED``
        :raises GuardError: see ``_store_many``
        """
        random = os.urandom(16 * len(items)).hex()
        uids = [random[at : at + 32] for at in range(0, len(random), 32)]
        # PostgreSQL itself compresses content that is not encrypted.
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
        """Return ``{id: bytes}`` of the stored contents, without purged ones.

        :param bool tolerant: return the exception as the value of a content that cannot
            be decrypted, instead of raising it
        """
        if not self:
            return {}
        self.env.cr.execute(
            """SELECT id, uuid, company_id, key_id, content, size, compressed
                 FROM interop_payload WHERE id = ANY(%s) AND content IS NOT NULL""",
            [self.ids],
            log_exceptions=False,
        )
        contents = {}
        for row_id, *sealed in self.env.cr.fetchall():
            try:
                contents[row_id] = self._opened(*sealed)
            except ConfigurationError as error:
                if not tolerant or isinstance(error, GuardError):
                    raise
                contents[row_id] = error
        return contents

    def _opened(self, uid, company_id, key_id, content, size, compressed):
        """Return the bytes of one row, decrypted and decompressed.

        :raises ConfigurationError: no key opens it, or it is not what was stored
        """
        blob = bytes(content)
        if key_id:
            vault = self.env["interop.vault"]
            blob = vault._decrypt(key_id, blob, self._name, uid, company_id)
        if not compressed:
            return blob
        try:
            return compression.unpack(blob, size)
        except ValueError:
            # Authentic, and still not of the length that stands beside it.
            raise ConfigurationError(
                self.env._(
                    "The stored content is damaged: it does not have the length that "
                    "was noted with it. Restore the row from a backup, or cancel the "
                    "message."
                ),
                code="damaged",
            ) from None

    @api.private
    def _read(self):
        """Return the bytes, ``None`` if they were purged."""
        self.ensure_one()
        return self._read_many().get(self.id)

    @api.model
    def _stale_count(self):
        """Return the number of contents that are not encrypted with the newest key."""
        current = self.env["interop.vault"]._keyring().current_key_id
        self.env.cr.execute(
            "SELECT count(*) FROM interop_payload"
            " WHERE key_id IS NOT NULL AND key_id <> %s",
            [current],
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _reencrypt_batch(self, limit=500):
        """Encrypt up to ``limit`` contents with the newest key; return their number.

        Contents that another session has locked are skipped. Call it on a READ
        COMMITTED cursor: under REPEATABLE READ, one changed content makes the whole
        batch fail (40001).
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
