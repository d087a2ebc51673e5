"""Pure: what a Consul server cluster on AWS is made of: sizes, rules, user data, an image."""
