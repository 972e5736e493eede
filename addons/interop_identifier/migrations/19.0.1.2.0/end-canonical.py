"""Identifiers are compared by the canonical form of their standard; placeholders and
second spellings of one number wait for a steward."""

import logging

from odoo import SUPERUSER_ID, api

from odoo.addons.interop_identifier.models.respelling import Respelling

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """When all apps are there: cases have stewards, activities and what addons add."""
    respell(api.Environment(cr, SUPERUSER_ID, {}))


def respell(env):
    """Work out all identifiers anew, in batches; return the counts."""
    counts = Respelling(env).run()
    if counts:
        _logger.info(
            "Identifiers: %s respelled, %s retired as a second spelling, %s held for a "
            "steward",
            *(counts.get(name, 0) for name in ("respelled", "retired", "held")),
        )
    return counts
