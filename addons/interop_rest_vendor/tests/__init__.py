from . import test_vendor_public_key
from . import test_vendor_events
from . import test_vendor_webhook
from . import test_access
from . import test_content_refused
