"""One typed definition of every setting, read from stack config, inputs and environment."""
