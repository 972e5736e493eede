from . import account_move
from . import account_move_charge
from . import account_move_end
from . import interop_handler_charge
from . import interop_handler_charge_reversed
from . import interop_handler_invoice
from . import interop_handler_invoice_end
from . import interop_identifier
