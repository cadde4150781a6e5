"""What the feed follows of an account: its streams, where they go on, what counts as a change."""
