"""Many messages in one request: each is taken, refused and answered for itself."""

import logging

from odoo import api, models

from .. import const
from ..exceptions import Problem
from ..tools import batch, headers, problems
from .inbound_types import Answer

_logger = logging.getLogger(__name__)


class InteropInbound(models.AbstractModel):
    """One signature covers the whole body; every item has its own id and fate."""

    _inherit = "interop.inbound"

    @api.model
    def _max_batch_bytes(self):
        """Return the largest batch that is read at all."""
        return 1024 * self._setting(const.PARAM_MAX_BATCH_KB)

    @api.model
    @api.private
    def _receive_batch(self, call, lines):
        """Take the messages of a batch, in order.

        The ``webhook-id`` of the request is signed and otherwise unused: what makes a
        repeated batch harmless are the ids of its messages.

        :param bool lines: NDJSON instead of a JSON array
        :raises Problem: the batch as a whole is refused; nothing was stored
        """
        client_sudo, _batch_id = self._authenticate(call, "may_send")
        try:
            bodies = batch.split(call.body, lines, const.BATCH_MESSAGES)
        except batch.BatchError as error:
            raise Problem(error.code, client=client_sudo.code) from None
        self._check_ready(client_sudo)
        results = []
        for index, body in enumerate(bodies):
            item = call._replace(body=body)
            results.append({"index": index, **self._receive_item(client_sudo, item)})
            if not len(results) % const.BATCH_COMMIT:
                # A lock per message is held until the commit, and PostgreSQL's table of
                # locks is small. What is committed is found again by its id if the
                # rest of the request has to run once more.
                self.env.cr.commit()  # pylint: disable=invalid-commit
        return Answer(200, {"results": results}, {})

    @api.model
    def _receive_item(self, client_sudo, item):
        """Return the result of one message of a batch; a refusal undoes it alone."""
        known = {}
        try:
            with self.env.cr.savepoint():
                envelope = self._read(item.body)
                known["id"] = envelope.id
                answer = self._take(client_sudo, envelope, item, pauses=())
        except Problem as problem:
            answer = self._refusal(problem, item)
        return self._item_result(known, answer)

    @api.model
    def _item_result(self, known, answer):
        """Return the result of one message of several.

        :param dict known: the member ``id``, if it is known
        """
        member = "message" if answer.status < 400 else "problem"
        result = {**known, "status": answer.status, member: answer.body}
        for header, name in const.BATCH_HEADERS.items():
            if header in answer.headers:
                result[name] = answer.headers[header]
        if headers.REPLAYED in answer.headers:
            result["replayed"] = True
        return result

    @api.model
    def _refusal(self, problem, call):
        """Return the answer for a refusal that does not end the request; log why."""
        problem.trace_id = call.trace.trace_id
        _logger.info("%s", problem)
        body = problems.problem(
            problem.code,
            base_url=call.base_url,
            trace_id=problem.trace_id,
            detail=problem.detail,
            errors=problem.errors,
        )
        extra = dict(problem.headers)
        if problem.status == 503:
            wait = self._setting(const.PARAM_RETRY_AFTER)
            extra.setdefault("Retry-After", str(wait))
        return Answer(problem.status, body, extra, problems.MEDIA_TYPE)
