"""X (Twitter) as a channel: mentions, watch terms and direct messages in, replies out."""
