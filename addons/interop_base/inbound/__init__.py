"""The inbound pipeline of every transport: from an authenticated client to an applied
message.

A transport authenticates the client, then hands a :class:`~.pipeline.Delivery` to
:func:`~.pipeline.receive`. Nothing here knows HTTP. A refusal raises
``exceptions.Refused``.
"""
