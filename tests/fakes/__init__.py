"""Stand-ins for the systems lictor speaks to: real implementations, no mocks."""
