"""The watch: what changed -> when to run -> the engine -> what came of it."""
