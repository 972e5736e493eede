"""Deletion of many rows, of which the database may refuse some."""

import psycopg2

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .. import db


class Removal:
    """Deletes rows in batches; halves a batch to find the rows that cannot be
    deleted."""

    def __init__(self, env, subject, delete):
        """
        :param env: environment of the caller
        :param str subject: name of the model whose rows are deleted
        :param delete: function of a list of ids that deletes those rows
        """
        self.env = env
        self.subject = subject
        self.delete = delete

    def run(self, ids):
        """Delete ``ids`` and report each row that the database refuses to delete.

        :returns: number of deleted rows
        :raises psycopg2.OperationalError: the failure is not about a row
        """
        # A constraint that is checked at commit would undo the whole batch.
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        waiting, gone = [list(ids)] if ids else [], 0
        while waiting:
            batch = waiting.pop()
            try:
                with db.quiet(), self.env.cr.savepoint(flush=False):
                    self.delete(batch)
            except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, psycopg2.OperationalError):
                raise
            except psycopg2.Error as error:
                if len(batch) == 1:
                    self._report(batch[0], error)
                else:
                    half = len(batch) // 2
                    waiting += [batch[half:], batch[:half]]
            else:
                gone += len(batch)
                self.env["interop.engine.problem"]._clear(
                    "retention", self.subject, batch
                )
        return gone

    def _report(self, row_id, error):
        """Report a remaining row by names only: the error text may contain values."""
        reason = error.diag.constraint_name or type(error).__name__
        if error.diag.table_name:
            reason = f"{error.diag.table_name}: {reason}"
        self.env["interop.engine.problem"]._note(
            "retention",
            self.subject,
            self.env._(
                "The retention period of %(model)s %(id)s is over, but the database "
                "refuses to delete it (%(reason)s). All other records were deleted. "
                "Remove the references to this record. The server retries every day.",
                model=self.env[self.subject]._description,
                id=row_id,
                reason=reason,
            ),
            row_id,
        )
