"""What an account reads: lists, whole archives, answers, returns and where they are, files."""
