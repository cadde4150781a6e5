"""An account's streams for the feed, their checkpoints, and the versions of records."""
