"""An account's streams for the feed, and the notifications that hint at changes."""
