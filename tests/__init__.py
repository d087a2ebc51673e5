"""Everything that proves lictor, and the fakes it is proved against."""
