"""Pure code of the inbound layer: no Odoo import, no clock, no network."""

from . import batch
from . import docs_page
from . import headers
from . import lifecycle
from . import lookup
from . import message_signatures
from . import networks
from . import openapi
from . import openapi_components
from . import openapi_events
from . import openapi_identifiers
from . import openapi_reconcile
from . import openapi_schemas
from . import openapi_vendors
from . import problems
from . import problem_page
from . import rates
from . import reconcile
from . import tokens
from . import xref
from . import vendor_challenge
from . import vendor_envelope
from . import vendor_keys
from . import vendor_signatures
from . import vendor_times
