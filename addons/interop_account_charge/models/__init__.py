from . import account_move
from . import account_move_line
from . import interop_handler_charge
from . import interop_handler_charge_reversed
from . import interop_identifier
