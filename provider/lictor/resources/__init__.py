"""Pulumi resources, thin: the only room that imports pulumi."""
