"""Components over pulumi-aws, thin: Consul servers and their image; the extra ``servers``."""
