"""What the feed follows of an account: its streams, and the notifications that hint at changes."""
