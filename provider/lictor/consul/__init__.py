"""The only room that speaks to Consul."""
