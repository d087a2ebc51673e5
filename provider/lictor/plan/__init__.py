"""Pure: instances to desired targets; desired, owned and actual to changes; the guards."""
