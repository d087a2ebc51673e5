"""One module for each kind of probe, and one for how they connect."""
