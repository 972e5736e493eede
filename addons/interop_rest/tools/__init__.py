"""Pure code of inbound REST: no Odoo import, no clock, no network."""

from . import batch
from . import docs_page
from . import headers
from . import lifecycle
from . import lookup
from . import message_signatures
from . import openapi
from . import openapi_components
from . import openapi_events
from . import openapi_identifiers
from . import openapi_reconcile
from . import openapi_schemas
from . import problem_kinds
from . import problems
from . import problem_page
from . import reconcile
from . import tokens
from . import xref
