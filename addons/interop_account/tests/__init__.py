from . import test_invoice_posted
from . import test_charge
from . import test_charge_http
from . import test_charge_reversed
from . import test_invoice_end
from . import test_dealings
from . import test_posted_entries
from . import test_recall
