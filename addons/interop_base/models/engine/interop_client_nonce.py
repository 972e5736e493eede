"""Nonces of signed calls. Each nonce is valid for one call."""

import hashlib

from odoo import api, fields, models

SWEEP = 10000  # maximum number of rows that one run deletes


class InteropClientNonce(models.Model):
    """Hash of a nonce that a client has used, kept while its signature is valid.

    The row is written in the transaction of the call. With a separate cursor, a call that
    Odoo repeats after a serialization failure would look like a repeated nonce.
    """

    _name = "interop.client.nonce"
    _description = "Used Nonce of an Integration Client"
    _log_access = False
    _rec_name = "digest"

    client_id = fields.Many2one(
        "interop.client", required=True, readonly=True, ondelete="cascade"
    )
    digest = fields.Char(required=True, readonly=True)
    kept_until = fields.Datetime(required=True, readonly=True, index=True)

    _used_once = models.UniqueIndex(
        "(client_id, digest)", "The client has already used this nonce."
    )

    @api.model
    @api.private
    def _use(self, client, nonce, tolerance):
        """Store a nonce of ``client``; return False if it was used before.

        :param int tolerance: seconds for which its signature is accepted, before and
            after its time; the nonce is kept for twice as long, and a little more
        """
        self.env.cr.execute(
            """INSERT INTO interop_client_nonce (client_id, digest, kept_until)
               VALUES (%s, %s, clock_timestamp() AT TIME ZONE 'UTC'
                               + make_interval(secs => %s))
               ON CONFLICT DO NOTHING RETURNING id""",
            [
                client.id,
                hashlib.sha256(nonce.encode()).hexdigest(),
                # Database clock, so that all hosts agree with the deletion.
                2 * tolerance + 60,
            ],
            log_exceptions=False,
        )
        return bool(self.env.cr.fetchone())

    @api.autovacuum
    def _gc_nonces(self):
        """Remove nonces whose signatures are too old to be accepted."""
        self.env.cr.execute(
            """DELETE FROM interop_client_nonce WHERE id = ANY(ARRAY(
                   SELECT id FROM interop_client_nonce
                    WHERE kept_until < clock_timestamp() AT TIME ZONE 'UTC'
                 ORDER BY kept_until LIMIT %s))""",
            [SWEEP],
        )
        return self.env.cr.rowcount, int(self.env.cr.rowcount == SWEEP)
