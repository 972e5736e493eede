"""Pure code of the mapping addon: no Odoo import."""

from . import inbound_models
