from . import test_invoice_posted
