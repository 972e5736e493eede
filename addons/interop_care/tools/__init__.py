"""Pure code of the care addon: no Odoo import."""

from . import address
from . import birth
