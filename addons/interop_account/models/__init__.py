from . import account_move
from . import account_move_line
from . import interop_handler_invoice
from . import interop_handler_invoice_end
from . import interop_identifier
from . import interop_invoice_number
