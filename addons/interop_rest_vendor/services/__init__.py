"""What third parties send, made into messages."""
