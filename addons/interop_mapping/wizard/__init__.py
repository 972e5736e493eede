from . import interop_message_preview
from . import interop_mapping_dry_run
