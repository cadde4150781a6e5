"""Reading an account: lists, sweeps, answers, returns and their shops, files."""
