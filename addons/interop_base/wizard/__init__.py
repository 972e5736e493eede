from . import interop_approval_wizard
from . import interop_stop_wizard
from . import interop_close_wizard
