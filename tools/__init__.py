"""Set-up of a checkout: the virtual environment, and the four programs that lictor works with."""
