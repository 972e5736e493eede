"""Pure code about webhooks of third parties: no Odoo import, no clock, no network."""

from . import errors
from . import openapi_vendors
from . import vendor_challenge
from . import vendor_envelope
from . import vendor_keys
from . import vendor_signatures
from . import vendor_times
