"""`make demo`: Consul, an AWS stand-in and a stack at work, compared at each step."""
