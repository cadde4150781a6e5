"""What an account reads: lists, whole archives, chats and the signatures to answer them."""
