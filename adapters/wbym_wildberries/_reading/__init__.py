"""Reading an account: lists, sweeps, chats and the signatures to reply to them."""
