"""Webhooks of third parties, turned into messages."""
