"""Pure code of the suite: it imports no Odoo, reads no clock and uses no network.

Each module can be read, run and tested separately. ``now`` is always an argument.
"""

from . import errors
from . import backoff
from . import canonical
from . import jsonlimits
from . import keyring
from . import outcome
from . import redaction
from . import rfc3339
from . import schema
from . import signing
from . import trace
from . import envelope
