"""Nonces of signed calls: each is good for one call."""

import hashlib

from odoo import api, fields, models

SWEEP = 10000  # rows that one run removes


class InteropClientNonce(models.Model):
    """One nonce that a client has used, as a hash, for as long as the signature that it
    belongs to could be sent again.

    Written in the transaction of the call: a nonce on another cursor would make a call
    that Odoo runs again after a serialization failure look like a replay.
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
        "(client_id, digest)", "This nonce has been used already."
    )

    @api.model
    @api.private
    def _use(self, client, nonce, tolerance):
        """Remember a nonce of ``client``; return False if it was used before.

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
                # By the database's clock, which the sweep goes by on every host.
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
