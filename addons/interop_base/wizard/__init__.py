from . import interop_approval_wizard
from . import interop_stop_wizard
from . import interop_close_wizard
from . import interop_override_wizard
from . import interop_message_preview
from . import interop_mapping_dry_run
