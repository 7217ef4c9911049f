"""Anthropic's own protocol: messages, and batches of them."""
