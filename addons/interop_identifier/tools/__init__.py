"""Pure code of the identifier addon: no Odoo import."""

from . import checkdigit
from . import normalization
from . import period
from . import placeholder
from . import question
from . import wire_order
