from . import account_move
from . import interop_handler_invoice
from . import interop_identifier
